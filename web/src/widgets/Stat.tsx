import { useMemo } from 'react'
import { numberOf, type Ring } from '../live/ring'
import { latestOf, unitOf } from './amounts'
import type { BodyProps } from './Body'
import { Canvas, type Painter } from './Canvas'
import { Config } from './config'
import { judged, said } from './format'
import { DownIcon, LevelIcon, UpIcon } from './icons'
import { drawLine } from './lines'
import { Value, Verdict } from './parts'
import type { Range } from './range'
import classes from './Stat.module.css'
import { extent, padded } from './scale'
import { useTracks } from './seen'
import { type Series, shownEdges } from './series'
import { paint } from './surface'

/** One value, large, with its way there. */
export function Stat({ widget, series, range }: BodyProps) {
  useTracks(series)
  const config = new Config(widget)
  const painter = useMemo(() => wayThere(series, range), [series, range])
  const [first] = series
  if (!first) return null
  const value = latestOf(first)
  const hasWay = config.is('sparkline', true) && first.track !== undefined && !Number.isNaN(numberOf(value))
  return (
    <div className={classes['stat']}>
      <div className={classes['number']}>
        <Value unit={unitOf(first)}>{said(value, config.decimals)}</Value>
      </div>
      <div className={classes['more']}>
        <Verdict of={judged(value, config)} />
        {config.is('change', true) && first.track && (
          <Change ring={first.track.ring} series={series} range={range} decimals={config.decimals} />
        )}
      </div>
      {hasWay && (
        <div className={classes['way']}>
          <Canvas series={series} painter={painter} label={`The way of ${first.label}`} />
        </div>
      )}
    </div>
  )
}

interface ChangeProps {
  ring: Ring
  series: readonly Series[]
  range: Range
  decimals: number | undefined
}

/** How much a value changed since the beginning of what is shown. */
function Change({ ring, series, range, decimals }: ChangeProps) {
  const { from, to } = shownEdges(series, range)
  const [begin, end] = [ring.first(from), ring.first(to)]
  const first = ring.valueAt(begin)
  const last = numberOf(ring.latest?.value)
  if (end - begin < 2 || Number.isNaN(first) || Number.isNaN(last)) return null
  const change = last - first
  const text = said(change, decimals)
  const Icon = change > 0 ? UpIcon : change < 0 ? DownIcon : LevelIcon
  return (
    <span className={classes['change']} title={`since ${new Date(ring.tsAt(begin)).toLocaleString()}`}>
      <Icon />
      {change > 0 ? `+${text}` : text}
    </span>
  )
}

/** Paints the line of the first series, without any axis. */
export function wayThere(series: readonly Series[], range: Range): Painter {
  return (context, width, height) => {
    const [first] = series
    if (!first?.track) return
    const { ring } = first.track
    const { from, to } = shownEdges(series, range)
    const { low, high } = padded(extent(ring, from, to), undefined, undefined)
    const x = (ts: number) => ((ts - from) / (to - from)) * width
    const y = (value: number) => height - 2 - ((value - low) / (high - low)) * (height - 4)
    const colour = paint(`--series-${first.colour}`)
    drawLine(
      { context, x, y, ratio: 1, from, to, left: 0, top: 0, right: width, floor: height },
      { ring, colour, style: 'line', isFilled: true, isDashed: false },
    )
  }
}
