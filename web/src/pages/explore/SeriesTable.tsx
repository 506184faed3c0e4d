import { useVirtualizer } from '@tanstack/react-virtual'
import { useMemo, useRef } from 'react'
import type { History } from '../../api/history'
import { shown } from '../../parts/value'
import { clock } from '../../parts/zone'
import classes from './Explore.module.css'
import { places, timesOf } from './lines'
import { nameOfKey } from './state'

const ROW = 32

/** The same as the chart, in numbers and as it was sent: the newest first. */
export function SeriesTable({
  history,
  names,
  tz,
}: {
  history: History
  names: Map<string, string>
  tz: string
}) {
  const { lines, bucket } = history
  const scroller = useRef<HTMLDivElement>(null)
  const time = useMemo(() => clock(tz, bucket === null), [tz, bucket])
  const { times, at } = useMemo(() => {
    const times = timesOf(lines.map(({ ts }) => ts))
    return { times, at: lines.map(({ ts }) => places(times, ts)) }
  }, [lines])
  const rows = useVirtualizer({
    count: times.length,
    estimateSize: () => ROW,
    getScrollElement: () => scroller.current,
    overscan: 10,
  })
  const seen = rows.getVirtualItems()
  const [first, last] = [seen[0], seen.at(-1)]
  const rest = last ? rows.getTotalSize() - last.end : 0
  if (times.length === 0) {
    return (
      <div className="panel">There are no readings in this range. Choose a longer one, or another one.</div>
    )
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={scroller} className={classes['scroller']} tabIndex={0} aria-label="Values">
      <table className={classes['table']} aria-rowcount={times.length + 1}>
        <thead>
          <tr>
            <th scope="col">{bucket === null ? 'Time' : 'Bucket from'}</th>
            {lines.map(line => (
              <th key={nameOfKey(line.key)} scope="col">
                {names.get(nameOfKey(line.key))}
                {line.unit && ` (${line.unit})`}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {first && first.start > 0 && <tr style={{ height: first.start }} />}
          {seen.map(({ index }) => {
            const place = times.length - 1 - index
            return (
              <tr key={place} aria-rowindex={index + 2}>
                <th scope="row">{time(times[place] as number)}</th>
                {lines.map((line, i) => {
                  const value = line.values[at[i]?.[place] ?? -1]
                  return (
                    <td key={nameOfKey(line.key)}>
                      {value === null || value === undefined ? '' : shown(value)}
                    </td>
                  )
                })}
              </tr>
            )
          })}
          {rest > 0 && <tr style={{ height: rest }} />}
        </tbody>
      </table>
    </section>
  )
}
