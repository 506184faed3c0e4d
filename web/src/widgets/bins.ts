/** How often which values came. Of values that were folded into one, their mean counts as often as they were. */
import type { Ring } from '../live/ring'

export interface Bins {
  low: number
  /** Width of a bin. */
  width: number
  counts: number[]
  /** Values in all, those outside of the bins among them. */
  total: number
  outside: number
}

/** Cuts what lies between two times into so many bins of one width; the highest value is in the last. */
export function binsOf(
  ring: Ring,
  [begin, end]: readonly [number, number],
  count: number,
  least: number | undefined,
  most: number | undefined,
): Bins | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = begin; i < end; i++) {
    const value = ring.valueAt(i)
    if (value < low) low = value
    if (value > high) high = value
  }
  if (low > high) return undefined
  low = least ?? low
  high = most ?? high
  if (!(high > low)) {
    const room = Math.max(Math.abs(low) * 0.05, 0.5)
    ;[low, high] = [low - room, low + room]
  }
  const width = (high - low) / count
  const counts = new Array<number>(count).fill(0)
  let [total, outside] = [0, 0]
  for (let i = begin; i < end; i++) {
    const value = ring.valueAt(i)
    const many = ring.countAt(i)
    if (Number.isNaN(value)) continue
    total += many
    if (value < low || value > high) {
      outside += many
      continue
    }
    const bin = Math.min(count - 1, Math.floor((value - low) / width))
    counts[bin] = (counts[bin] ?? 0) + many
  }
  return { low, width, counts, total, outside }
}
