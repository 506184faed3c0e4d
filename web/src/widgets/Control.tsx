import { Button, Slider, Switch } from '@mantine/core'
import { useId } from 'react'
import { numberOf } from '../live/ring'
import { latestOf, unitOf } from './amounts'
import type { BodyProps } from './Body'
import classes from './Control.module.css'
import { Config } from './config'
import { said } from './format'
import { Scroll } from './Scroll'
import { useTracks } from './seen'

/** Why nobody can use them. */
const WHY = 'Shows the value only: flows of this server take no values from people yet.'

/** What somebody would set: it shows how it is, and why it cannot be set. */
export function Control({ widget, series }: BodyProps) {
  useTracks(series)
  const why = useId()
  const config = new Config(widget)
  const [first] = series
  const value = first && latestOf(first)
  const name = widget.title || 'Control'
  const isOn = typeof value === 'number' ? value !== 0 : value === true || value === 'on' || value === 'true'
  const isKnown = value !== undefined && value !== null
  return (
    <Scroll className={classes['scroll']} label={`How ${name} is`}>
      <div className={classes['control']}>
        {widget.widget_type === 'switch' && (
          <Switch
            checked={isOn}
            disabled
            aria-describedby={why}
            aria-label={name}
            label={
              <span data-testid="value">
                {isKnown ? (config.text(isOn ? 'on' : 'off') ?? (isOn ? 'On' : 'Off')) : 'Not known'}
              </span>
            }
          />
        )}
        {widget.widget_type === 'button' && (
          <Button disabled aria-describedby={why}>
            {config.text('word') ?? name}
          </Button>
        )}
        {widget.widget_type === 'slider' && (
          <Shown name={name} why={why} config={config} value={value} unit={first && unitOf(first)} />
        )}
        <p id={why} className={classes['why']}>
          {WHY}
        </p>
      </div>
    </Scroll>
  )
}

interface ShownProps {
  name: string
  why: string
  config: Config
  value: unknown
  unit: string | undefined
}

function Shown({ name, why, config, value, unit }: ShownProps) {
  const low = config.number('min') ?? 0
  const high = Math.max(config.number('max') ?? 100, low)
  const number = numberOf(value)
  return (
    <div className={classes['slider']}>
      <Slider
        disabled
        thumbLabel={name}
        aria-describedby={why}
        min={low}
        max={high}
        step={config.number('step') ?? 1}
        value={Number.isNaN(number) ? low : Math.min(high, Math.max(low, number))}
        label={null}
      />
      <span data-testid="value">
        {said(value, config.decimals)} {unit}
      </span>
    </div>
  )
}
