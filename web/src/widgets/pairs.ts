/** Values of two series that belong together: each of the second with what the first was at that time. */
import type { Ring } from '../live/ring'

/**
 * Tells each pair between two times, in the order of time. What the first was longer ago than `patience` ms goes with nothing.
 */
export function pairs(
  xs: Ring,
  ys: Ring,
  [from, to]: readonly [number, number],
  patience: number,
  tell: (x: number, y: number) => void,
): void {
  let at = Math.max(0, xs.first(ys.tsAt(ys.first(from))) - 1)
  const end = ys.first(to)
  for (let i = ys.first(from); i < end; i++) {
    const ts = ys.tsAt(i)
    while (at + 1 < xs.length && xs.tsAt(at + 1) <= ts) at += 1
    const since = ts - xs.tsAt(at)
    if (!(since >= 0 && since <= patience)) continue
    const [x, y] = [xs.valueAt(at), ys.valueAt(i)]
    if (!Number.isNaN(x) && !Number.isNaN(y)) tell(x, y)
  }
}
