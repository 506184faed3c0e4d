/** Where values are heading: the straight line that lies nearest to them (least squares). */
import type { Ring } from '../live/ring'

export interface Slope {
  /** Change in a millisecond. */
  perMs: number
  /** Value of the line at a time. */
  at: (ts: number) => number
  count: number
}

/** Of the numbers between two times; nothing for fewer than two at different times. */
export function slopeOf(ring: Ring, from: number, to: number): Slope | undefined {
  const [begin, end] = [ring.first(from), ring.first(to)]
  let [count, meanT, meanV] = [0, 0, 0]
  for (let i = begin; i < end; i++) {
    const value = ring.valueAt(i)
    if (Number.isNaN(value)) continue
    count += 1
    // times from `from` on: since 1970 they have no digits left for a product
    meanT += (ring.tsAt(i) - from - meanT) / count
    meanV += (value - meanV) / count
  }
  let [together, alone] = [0, 0]
  for (let i = begin; i < end; i++) {
    const value = ring.valueAt(i)
    if (Number.isNaN(value)) continue
    const off = ring.tsAt(i) - from - meanT
    together += off * (value - meanV)
    alone += off * off
  }
  if (count < 2 || alone === 0) return undefined
  const perMs = together / alone
  return { perMs, count, at: ts => meanV + perMs * (ts - from - meanT) }
}

export const UNITS_MS = { s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 } as const
export type Per = keyof typeof UNITS_MS

/** Whether a change is one: `steady` is the least that counts, else 1 % of what the values span. */
export function heading(
  change: number,
  steady: number | undefined,
  span: number,
): 'rising' | 'falling' | 'steady' {
  const least = steady ?? span / 100
  if (Math.abs(change) <= least) return 'steady'
  return change > 0 ? 'rising' : 'falling'
}
