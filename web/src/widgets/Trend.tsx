import { useMemo } from 'react'
import { latestOf, unitOf } from './amounts'
import type { BodyProps } from './Body'
import { Canvas, type Painter } from './Canvas'
import { Config } from './config'
import { judged, said } from './format'
import { DownIcon, LevelIcon, UpIcon } from './icons'
import { Value, Verdict } from './parts'
import type { Range } from './range'
import { wayThere } from './Stat'
import { extent } from './scale'
import { useTracks } from './seen'
import { type Series, shownEdges } from './series'
import { paint } from './surface'
import classes from './Trend.module.css'
import { heading, type Per, slopeOf, UNITS_MS } from './trend'

const PERS = Object.keys(UNITS_MS) as Per[]
const HEADINGS = { rising: UpIcon, falling: DownIcon, steady: LevelIcon } as const

/** Where a value is heading: its line, the straight one that lies nearest to it, and how steep that is. */
export function Trend({ widget, series, range }: BodyProps) {
  useTracks(series)
  const config = new Config(widget)
  const painter = useMemo(() => wayAndSlope(series, range), [series, range])
  const [first] = series
  if (!first?.track) return null
  const { ring } = first.track
  const { from, to } = shownEdges(series, range)
  const value = latestOf(first)
  const per = config.choice('per', PERS, 'min')
  const slope = slopeOf(ring, from, to)
  const bounds = extent(ring, from, to)
  const change = slope && slope.perMs * UNITS_MS[per]
  const inRange = slope ? slope.perMs * (to - from) : 0
  const own = config.number('steady')
  // A steady that was given is of the time that is told; the one of itself is of all that is shown.
  const where =
    own === undefined
      ? heading(inRange, undefined, bounds ? bounds.high - bounds.low : 0)
      : heading(change ?? 0, own, 0)
  const Icon = HEADINGS[where]
  return (
    <div className={classes['trend']}>
      <div className={classes['head']}>
        <span className={classes['number']}>
          <Value unit={unitOf(first)}>{said(value, config.decimals)}</Value>
        </span>
        {slope ? (
          <span className={classes['slope']} data-testid="slope">
            <Icon />
            {where}
            <span className="dim">
              {(change ?? 0) > 0 && '+'}
              {said(change, config.decimals ?? (Math.abs(change ?? 0) >= 0.01 ? 2 : undefined))}{' '}
              {unitOf(first)} / {per}
            </span>
          </span>
        ) : (
          <span className="dim">too few values for a trend</span>
        )}
        <Verdict of={judged(value, config)} />
      </div>
      <div className={classes['way']}>
        <Canvas series={series} painter={painter} label={`${first.label}, and its trend`} />
      </div>
    </div>
  )
}

function wayAndSlope(series: readonly Series[], range: Range): Painter {
  const way = wayThere(series, range)
  return (context, width, height) => {
    way(context, width, height)
    const [first] = series
    if (!first?.track) return
    const { ring } = first.track
    const { from, to } = shownEdges(series, range)
    const slope = slopeOf(ring, from, to)
    const bounds = extent(ring, from, to)
    if (!slope || !bounds) return
    const room =
      bounds.high > bounds.low
        ? (bounds.high - bounds.low) * 0.06
        : Math.max(Math.abs(bounds.high) * 0.05, 0.5)
    const [low, high] = [bounds.low - room, bounds.high + room]
    const begin = Math.max(from, ring.tsAt(ring.first(from)))
    const x = (ts: number) => ((ts - from) / (to - from)) * width
    const y = (value: number) => height - 2 - ((value - low) / (high - low)) * (height - 4)
    context.strokeStyle = paint('--mantine-color-text')
    context.lineWidth = 1.5
    context.setLineDash([5, 4])
    context.beginPath()
    context.moveTo(x(begin), y(slope.at(begin)))
    context.lineTo(x(to), y(slope.at(to)))
    context.stroke()
    context.setLineDash([])
  }
}
