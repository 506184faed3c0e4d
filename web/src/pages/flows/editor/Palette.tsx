import { TextInput } from '@mantine/core'
import { type KeyboardEvent, useState } from 'react'
import type { NodeType } from '../../../flow/diagram'
import { useEditor } from '../../../flow/store'
import { SearchIcon } from '../../../parts/icons'
import { addNode } from './commands'
import classes from './Palette.module.css'
import { view } from './view'

/** What is dragged from the palette is a kind of node under this type. */
export const DRAGGED_KIND = 'application/x-edgesync-kind'

const GROUPS: Readonly<Record<NodeType['category'], string>> = {
  source: 'Sources',
  route: 'Route and reduce',
  transform: 'Transform',
  stateful: 'Over many records',
  sink: 'Sinks',
  structure: 'Structure',
}

/** All kinds of nodes, to be dragged onto the canvas or added by Enter. */
export function Palette() {
  const types = useEditor(state => state.types)
  const [asked, setAsked] = useState('')
  const words = asked.toLowerCase().split(/\s+/).filter(Boolean)
  const isMeant = (type: NodeType) => {
    const text = `${type.title} ${type.kind} ${type.category} ${type.docs}`.toLowerCase()
    return words.every(word => text.includes(word))
  }
  // who is called so comes before who only speaks of it
  const isCalled = ({ title, kind }: NodeType) => `${title} ${kind}`.toLowerCase().includes(words[0] ?? '')
  const found = [...types.values()].filter(isMeant)
  const first = found.find(isCalled) ?? found[0]
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.preventDefault()
      if (asked) setAsked('')
      else view.current?.focus()
    }
    if (event.key === 'Enter' && first) {
      event.preventDefault()
      void addNode(first.kind, undefined, event.shiftKey)
    }
  }
  return (
    <section className={classes['palette']} aria-label="Palette">
      <TextInput
        data-palette-search
        type="search"
        size="xs"
        aria-label="Search nodes to add"
        placeholder="Search, Enter adds"
        leftSection={<SearchIcon />}
        value={asked}
        onChange={event => setAsked(event.currentTarget.value)}
        onKeyDown={pressed}
      />
      {found.length === 0 && (
        <p className="dim">No node is called so, or does so. Try another word, such as “mean” or “filter”.</p>
      )}
      {Object.entries(GROUPS).map(([category, word]) => {
        const kinds = found.filter(type => type.category === category)
        if (kinds.length === 0) return null
        return (
          <section key={category} aria-label={word}>
            <h2>{word}</h2>
            {kinds.map(type => (
              <Item key={type.kind} type={type} isFirst={words.length > 0 && type === first} />
            ))}
          </section>
        )
      })}
    </section>
  )
}

function Item({ type, isFirst }: { type: NodeType; isFirst: boolean }) {
  return (
    <button
      type="button"
      className={classes['item']}
      style={{ borderLeftColor: `var(--kind-${type.category})` }}
      data-first={isFirst}
      title={type.docs}
      draggable
      onDragStart={event => {
        event.dataTransfer.setData(DRAGGED_KIND, type.kind)
        event.dataTransfer.effectAllowed = 'copy'
      }}
      onClick={event => void addNode(type.kind, undefined, event.shiftKey)}
      onKeyDown={event => event.key === 'Escape' && view.current?.focus()}
    >
      {type.title}
    </button>
  )
}
