/** From what the API answers to what is drawn: lines by unit, over one column of times. */
import type { Schemas } from '../../api/client'
import type { Agg, Key } from './state'

export interface Line {
  key: Key
  unit: string
  /** Ascending. */
  ts: number[]
  /** As they were sent; null where there is none. */
  values: unknown[]
  /** Spikes within the buckets, if they were asked for. */
  low?: (number | null)[] | undefined
  high?: (number | null)[] | undefined
  /** Readings in it. */
  count: number
}

type Columns = Pick<Schemas['SeriesBuckets'], 'ts' | 'count' | 'min' | 'max'> & { [agg in Agg]?: unknown[] }

/** What is asked for, so that it can be drawn: the mean with its spikes, and always how much there is. */
export function aggsFor(agg: Agg): string {
  const all = new Set<Agg>(agg === 'avg' ? ['avg', 'min', 'max', 'count'] : [agg, 'count'])
  return [...all].join(',')
}

export function lineOfBuckets(key: Key, unit: string, columns: Columns, agg: Agg): Line {
  const spikes = agg === 'avg'
  return {
    key,
    unit: agg === 'count' ? 'readings' : unit,
    ts: columns.ts,
    values: columns[agg] ?? columns.ts.map(() => null),
    low: spikes ? columns.min : undefined,
    high: spikes ? columns.max : undefined,
    count: (columns.count ?? []).reduce((sum, n) => sum + n, 0),
  }
}

type Raw = Pick<Schemas['Reading'], 'timestamp' | 'value' | 'raw_data' | 'unit'>

export function lineOfRaw(key: Key, unit: string, readings: Raw[]): Line {
  return {
    key,
    unit,
    ts: readings.map(({ timestamp }) => Date.parse(timestamp)),
    values: readings.map(({ value, raw_data }) => raw_data ?? value),
    count: readings.length,
  }
}

/** A number to draw: `true` and `false` are 1 and 0; text and objects are none. */
export function drawn(value: unknown): number | null {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  return null
}

/** Lines of one unit are drawn over one scale, each unit over its own. In the order in which they are named. */
export function byUnit(lines: Line[]): { unit: string; lines: Line[] }[] {
  const panels = new Map<string, Line[]>()
  for (const line of lines) panels.set(line.unit, [...(panels.get(line.unit) ?? []), line])
  return [...panels].map(([unit, lines]) => ({ unit, lines }))
}

/** All times that any has, once each and ascending. */
export function timesOf(all: number[][]): number[] {
  const [first, ...rest] = all
  if (first && rest.every(ts => ts.length === first.length && ts.every((at, i) => at === first[i])))
    return [...new Set(first)]
  return [...new Set(all.flat())].sort((a, b) => a - b)
}

/** Where each of `times` is in `ts`; -1 where it is not. Of readings at the same moment it is the last. */
export function places(times: number[], ts: number[]): number[] {
  let at = 0
  return times.map(time => {
    while (at < ts.length && (ts[at] as number) < time) at++
    if (ts[at] !== time) return -1
    while (at + 1 < ts.length && ts[at + 1] === time) at++
    return at
  })
}

/** A column over `times`. A time that the line does not have is no gap in it (undefined), one without a value is (null). */
export function spread(
  places: number[],
  values: (number | null | undefined)[],
): (number | null | undefined)[] {
  return places.map(place => (place < 0 ? undefined : (values[place] ?? null)))
}
