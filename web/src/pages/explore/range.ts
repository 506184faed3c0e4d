/** Ranges of time, and how one goes from one to another. Times are milliseconds since the epoch. */
import { LASTS, type Range, SPAN_MIN_MS } from './state'

export interface Span {
  from: number
  to: number
}

/** Where a range lies now. */
export function resolve(range: Range, now: number): Span {
  return 'last' in range ? { from: now - LASTS[range.last], to: now } : range
}

/** Around the middle, so much longer; never shorter than a second, and not before 1970. */
export function zoom({ from, to }: Span, factor: number): Span {
  const half = Math.max(((to - from) * factor) / 2, SPAN_MIN_MS / 2)
  const middle = (from + to) / 2
  return whole(middle - half, middle + half)
}

/** The same length, earlier or later by so many lengths. */
export function shift({ from, to }: Span, lengths: number): Span {
  const by = Math.max((to - from) * lengths, -from)
  return whole(from + by, to + by)
}

/** In whole milliseconds, at least a second long. */
export function whole(from: number, to: number): Span {
  const first = Math.max(0, Math.round(from))
  return { from: first, to: Math.max(Math.round(to), first + SPAN_MIN_MS) }
}

const UNITS: [ms: number, name: string][] = [
  [86_400_000, 'd'],
  [3_600_000, 'h'],
  [60_000, 'min'],
  [1_000, 's'],
  [1, 'ms'],
]

/** A length as people say it: the two units that say most, as "2 h 30 min". */
export function lengthOf(ms: number): string {
  const said: string[] = []
  let rest = Math.round(ms)
  for (const [unit, name] of UNITS) {
    if (rest < unit) {
      if (said.length > 0) break
      continue
    }
    said.push(`${Math.floor(rest / unit)} ${name}`)
    rest %= unit
    if (said.length === 2) break
  }
  return said.join(' ') || '0 s'
}
