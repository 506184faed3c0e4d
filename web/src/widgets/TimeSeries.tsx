import 'uplot/dist/uPlot.min.css'
import { useEffect, useRef } from 'react'
import type { BodyProps } from './Body'
import { Config } from './config'
import { said } from './format'
import type { Line, Style } from './lines'
import { tellDrawn } from './measure'
import { Swatch } from './parts'
import { type Look, Plot } from './plot'
import type { Range } from './range'
import { type Series, shownEdges } from './series'
import { paint, surface } from './surface'
import classes from './TimeSeries.module.css'

const STYLES: readonly Style[] = ['line', 'step', 'points']
/** Time goes on also when no value comes. */
const TICK_MS = 1_000
/** Texts of the legend are written anew so often. */
const LEGEND_MS = 250

/** Lines over time, with what they are at the cursor below. */
export function TimeSeries({ widget, series, range, dashboard, onZoom, onZoomOut }: BodyProps) {
  const place = useRef<HTMLDivElement>(null)
  const legend = useRef<HTMLUListElement>(null)
  const now = useRef({ range, onZoom, onZoomOut })
  now.current = { range, onZoom, onZoomOut }
  const redraw = useRef<(() => void) | undefined>(undefined)
  const config = new Config(widget)
  const hasLegend = config.is('legend', true)

  useEffect(() => {
    const box = place.current
    if (!box) return
    const look = () => lookOf(series, now.current.range)
    let pointed: number | undefined
    let written = 0
    const write = () => {
      written = performance.now()
      if (legend.current) writeLegend(legend.current, series, pointed)
    }
    const plot = new Plot(box, dashboard, look(), {
      point: ts => {
        pointed = ts
        write()
      },
      zoom: (from, to) => now.current.onZoom?.(from, to),
      zoomOut: () => now.current.onZoomOut?.(),
    })
    const on = surface(box, isAnew => {
      plot.draw(look(), isAnew)
      tellDrawn(series)
      if (performance.now() - written >= LEGEND_MS) write()
    })
    write()
    // What is paused stands still, whatever comes.
    const isMoving = () => now.current.range.kind === 'absolute' || now.current.range.pausedAt === undefined
    const changed = () => {
      if (isMoving()) on.changed()
    }
    const leave = series.map(({ track }) => track?.listen(changed))
    const timer = setInterval(() => {
      if (now.current.range.kind === 'live' && isMoving()) on.changed()
    }, TICK_MS)
    redraw.current = on.anew
    return () => {
      redraw.current = undefined
      clearInterval(timer)
      for (const end of leave) end?.()
      on.end()
      plot.end()
    }
  }, [series, dashboard])

  // biome-ignore lint/correctness/useExhaustiveDependencies: another range is drawn at once
  useEffect(() => redraw.current?.(), [range])

  const names = series.map(({ label }) => label).join(', ')
  return (
    <div className={classes['chart']}>
      <div ref={place} className={classes['plot']} role="img" aria-label={`${names} over time`} />
      {hasLegend && (
        <ul ref={legend} className={classes['legend']}>
          {series.map(one => (
            <li key={one.widget.widget_id}>
              <Swatch colour={one.colour} />
              <span className={classes['name']}>{one.label}</span>
              <span className={classes['told']} data-testid="value" />
            </li>
          ))}
        </ul>
      )}
    </div>
  )
}

function lookOf(series: readonly Series[], range: Range): Look {
  const first = series[0]
  const config = new Config(first?.widget ?? { widget_config: {} })
  const { from, to } = shownEdges(series, range)
  const style = config.choice('style', STYLES, 'line')
  const isFilled = config.is('fill', false)
  const lines: Line[] = series.flatMap(({ track, colour }, place) =>
    track
      ? [{ ring: track.ring, colour: paint(`--series-${colour}`), style, isFilled, isDashed: place >= 8 }]
      : [],
  )
  return {
    lines,
    from,
    to,
    least: config.number('min'),
    most: config.number('max'),
    decimals: config.decimals,
    thresholds: config.thresholds,
    isMoving: range.kind === 'live' && range.pausedAt === undefined,
  }
}

function writeLegend(list: HTMLUListElement, series: readonly Series[], pointed: number | undefined): void {
  for (const [i, { track, widget, unit }] of series.entries()) {
    const place = list.children[i]?.lastElementChild
    if (!place) continue
    const value = track && (pointed === undefined ? track.ring.latest?.value : valueAt(track.ring, pointed))
    const text = track?.trouble
      ? `not shown: ${track.trouble.message}`
      : `${said(value, new Config(widget).decimals)} ${unit ?? track?.unit ?? ''}`.trimEnd()
    if (place.textContent !== text) place.textContent = text
  }
}

/** The newest value at a time. */
function valueAt(ring: NonNullable<Series['track']>['ring'], ts: number): unknown {
  const index = ring.first(ts + 1) - 1
  return index < 0 ? undefined : ring.rawAt(index)
}
