import { ActionIcon } from '@mantine/core'
import { useId, useMemo, useRef } from 'react'
import type { History } from '../../api/history'
import { CrossIcon } from '../../parts/icons'
import { Plot, type PlotLine } from '../../parts/Plot'
import { shown } from '../../parts/value'
import { clock } from '../../parts/zone'
import classes from './Explore.module.css'
import { byUnit, drawn, type Line, places, spread, timesOf } from './lines'
import { colourOf } from './names'
import { type Span, whole } from './range'
import { type Agg, type Key, nameOfKey } from './state'

interface Props {
  history: History
  names: Map<string, string>
  tz: string
  agg: Agg
  onZoom: (span: Span) => void
  /** Nothing where series cannot be taken away. */
  onRemove?: (key: Key) => void
}

/** A chart for each unit, under one pointer, and what the pointer is at. */
export function Charts({ history, names, tz, agg, onZoom, onRemove }: Props) {
  const { lines, span, bucket } = history
  const sync = useId()
  const values = useRef(new Map<string, HTMLElement>())
  const when = useRef<HTMLDivElement>(null)
  const panels = useMemo(() => byUnit(lines).map(panel => ({ ...panel, ...over(panel.lines) })), [lines])
  const time = useMemo(() => clock(tz, bucket === null), [tz, bucket])
  const height = panels.length === 1 ? 360 : panels.length === 2 ? 240 : 176
  const number = (line: Line) => lines.indexOf(line)
  const hasSpikes = agg === 'avg' && bucket !== null && lines.length <= 3
  // Written to the text directly: a pointer moves faster than a page is made anew.
  const point = (panel: (typeof panels)[number], index: number | null) => {
    const at = index === null ? undefined : panel.times[index]
    if (when.current) when.current.textContent = at === undefined ? HINT : time(at)
    panel.lines.forEach((line, i) => {
      const cell = values.current.get(nameOfKey(line.key))
      const place = index === null ? -1 : (panel.places[i]?.[index] ?? -1)
      if (cell) cell.textContent = place < 0 ? '' : said(line.values[place], line.unit)
    })
  }
  return (
    <div className="stack">
      {panels.map(panel => (
        <section
          key={panel.unit}
          className="panel"
          aria-label={panel.unit ? `Chart of ${panel.unit}` : 'Chart'}
          style={{ padding: 8 }}
        >
          <Plot
            label={`${panel.lines.map(line => names.get(nameOfKey(line.key))).join(', ')}; the table has the values`}
            unit={panel.unit}
            height={height}
            times={panel.times}
            lines={panel.drawn.map(
              (one, i): PlotLine => ({
                name: names.get(nameOfKey((panel.lines[i] as Line).key)) ?? '',
                colour: colourOf(number(panel.lines[i] as Line)),
                dots: bucket === null,
                values: one.values,
                low: hasSpikes ? one.low : undefined,
                high: hasSpikes ? one.high : undefined,
              }),
            )}
            // a long bucket begins before the range
            from={Math.min(span.from, panel.times[0] ?? span.from)}
            to={span.to}
            tz={tz}
            sync={sync}
            onZoom={(from, to) => onZoom(whole(from, to))}
            onPointer={index => point(panel, index)}
          />
        </section>
      ))}
      <section className={`panel ${classes['legend']}`} aria-label="Series">
        <div className="dim" ref={when} data-testid="pointer">
          {HINT}
        </div>
        <ul>
          {lines.map((line, i) => {
            const name = names.get(nameOfKey(line.key)) ?? ''
            return (
              <li key={nameOfKey(line.key)}>
                <span className={classes['swatch']} style={{ background: `var(${colourOf(i)})` }} />
                <span className={classes['name']}>{name}</span>
                <span className="dim">{nothing(line)}</span>
                <span
                  ref={node => {
                    if (node) values.current.set(nameOfKey(line.key), node)
                    else values.current.delete(nameOfKey(line.key))
                  }}
                />
                {onRemove && (
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Remove ${name}`}
                    onClick={() => onRemove(line.key)}
                  >
                    <CrossIcon />
                  </ActionIcon>
                )}
              </li>
            )
          })}
        </ul>
      </section>
    </div>
  )
}

const HINT = 'Point at the chart to read it, draw over a part of it to see that alone'

/** Lines over the times that any of them has. */
function over(lines: Line[]) {
  const times = timesOf(lines.map(({ ts }) => ts))
  const at = lines.map(({ ts }) => places(times, ts))
  const column = (i: number, values: unknown[] | undefined) =>
    values && spread(at[i] as number[], values.map(drawn))
  const drawnLines = lines.map((line, i) => ({
    values: column(i, line.values) ?? [],
    low: column(i, line.low),
    high: column(i, line.high),
  }))
  return { times, places: at, drawn: drawnLines }
}

const said = (value: unknown, unit: string) =>
  value === null || value === undefined ? '–' : `${shown(value)} ${unit}`

/** Why a line is not to be seen. */
function nothing(line: Line): string {
  if (line.count === 0) return 'No readings in this range'
  if (line.values.some(value => drawn(value) !== null)) return ''
  return 'No numbers: the table shows the last value as it was sent'
}
