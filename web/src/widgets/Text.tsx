import { Fragment, type ReactNode } from 'react'
import { latestOf, unitOf } from './amounts'
import type { BodyProps } from './Body'
import { Config } from './config'
import { said } from './format'
import { type Block, blocksOf, type Span } from './prose'
import { Scroll } from './Scroll'
import { useTracks } from './seen'
import classes from './Text.module.css'

/** Words, with the value among them. */
export function Text({ widget, series }: BodyProps) {
  useTracks(series)
  const config = new Config(widget)
  const [first] = series
  const value = first && latestOf(first)
  const unit = first && unitOf(first)
  const told = value === undefined ? '–' : `${said(value, config.decimals)}${unit ? ` ${unit}` : ''}`
  const text = config.text('text') ?? '{value}'
  return (
    <Scroll className={classes['text']} label={widget.title || 'Text'}>
      {blocksOf(text.replaceAll('{value}', () => told)).map((block, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a text has no ids, and its blocks have no state
        <Fragment key={i}>{drawn(block)}</Fragment>
      ))}
    </Scroll>
  )
}

function drawn(block: Block): ReactNode {
  switch (block.kind) {
    case 'heading':
      return <h4>{spans(block.spans)}</h4>
    case 'list':
      return (
        <ul>
          {block.items.map((item, i) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: as above
            <li key={i}>{spans(item)}</li>
          ))}
        </ul>
      )
    case 'paragraph':
      return <p>{spans(block.spans)}</p>
  }
}

function spans(all: readonly Span[]): ReactNode {
  return all.map(({ text, isBold }, i) => {
    // biome-ignore lint/suspicious/noArrayIndexKey: as above
    return isBold ? <strong key={i}>{text}</strong> : <Fragment key={i}>{text}</Fragment>
  })
}
