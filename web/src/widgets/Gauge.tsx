import { numberOf } from '../live/ring'
import { latestOf, unitOf } from './amounts'
import { arc, bands, SWEEP } from './arc'
import type { BodyProps } from './Body'
import { Config } from './config'
import { judged, said } from './format'
import classes from './Gauge.module.css'
import { Value, Verdict } from './parts'
import { useTracks } from './seen'

/** One value on its scale, with the thresholds on the rim. */
export function Gauge({ widget, series }: BodyProps) {
  useTracks(series)
  const config = new Config(widget)
  const [first] = series
  if (!first) return null
  const value = latestOf(first)
  const number = numberOf(value)
  const low = config.number('min') ?? 0
  const high = Math.max(config.number('max') ?? 100, low + Number.EPSILON)
  const at = (of: number) => Math.min(1, Math.max(0, (of - low) / (high - low)))
  const verdict = judged(value, config)
  const isOutside = number < low || number > high
  return (
    <div className={classes['gauge']}>
      <svg viewBox="-50 -50 100 82" aria-hidden="true">
        <path className={classes['back']} d={arc(0, 1, 38)} />
        {bands(config.thresholds, low, high).map(({ from, to, state }) => (
          <path key={from} className={classes['band']} data-state={state} d={arc(from, to, 46)} />
        ))}
        {!Number.isNaN(number) && (
          <path className={classes['front']} data-state={verdict?.state} d={arc(0, at(number), 38)} />
        )}
        <text x={-32} y={31} className={classes['edge']} textAnchor="middle">
          {said(low, undefined)}
        </text>
        <text x={32} y={31} className={classes['edge']} textAnchor="middle">
          {said(high, undefined)}
        </text>
      </svg>
      <div className={classes['middle']} style={{ '--sweep': SWEEP } as React.CSSProperties}>
        <span className={classes['number']}>
          <Value unit={unitOf(first)}>{said(value, config.decimals)}</Value>
        </span>
        <Verdict of={verdict} />
        {!verdict && isOutside && <span className={classes['outside']}>outside of the scale</span>}
      </div>
    </div>
  )
}
