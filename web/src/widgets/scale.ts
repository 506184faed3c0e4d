/** The arithmetic of charts: what of a ring is to be seen, and where gaps are. No canvas here. */
import type { Ring } from '../live/ring'

export interface Bounds {
  low: number
  high: number
}

/** Indices of a ring that are drawn for a stretch of time: one more on each side, as the line comes from there. */
export function seen(ring: Ring, from: number, to: number): { begin: number; end: number } {
  return { begin: Math.max(0, ring.first(from) - 1), end: Math.min(ring.length, ring.first(to) + 1) }
}

/** The lowest and the highest of what is between two times, spikes that were folded away among it. */
export function extent(ring: Ring, from: number, to: number): Bounds | undefined {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  const end = ring.first(to)
  for (let i = ring.first(from); i < end; i++) {
    // what is no number is in no comparison true
    const [min, max] = [ring.minAt(i), ring.maxAt(i)]
    if (min < low) low = min
    if (max > high) high = max
  }
  return low <= high ? { low, high } : undefined
}

export function union(all: readonly (Bounds | undefined)[]): Bounds | undefined {
  let whole: Bounds | undefined
  for (const one of all) {
    if (!one) continue
    whole = whole ? { low: Math.min(whole.low, one.low), high: Math.max(whole.high, one.high) } : { ...one }
  }
  return whole
}

/** With room above and below, and what was asked for in place of it. */
export function padded(
  bounds: Bounds | undefined,
  least: number | undefined,
  most: number | undefined,
): Bounds {
  const { low, high } = bounds ?? { low: 0, high: 1 }
  const room = high > low ? (high - low) * 0.06 : Math.max(Math.abs(high) * 0.05, 0.5)
  const [from, to] = [least ?? low - room, most ?? high + room]
  return to > from ? { low: from, high: to } : { low: from, high: from + Math.max(Math.abs(from) * 0.05, 1) }
}

/** Times looked at to tell what is usual. */
const SAMPLES = 96
/** So many times the usual time without a value is a gap. */
const GAP = 4
/** Nothing shorter is a gap, whatever is usual: networks stutter. */
const GAP_MS = 1_500

/** Milliseconds without a value from which on a line is broken; never for fewer than three values. */
export function gapMs(ring: Ring, begin: number, end: number): number {
  const count = end - begin
  if (count < 3) return Number.POSITIVE_INFINITY
  const stride = Math.max(1, Math.floor(count / SAMPLES))
  const steps: number[] = []
  for (let i = begin + 1; i < end; i += stride) steps.push(ring.tsAt(i) - ring.tsAt(i - 1))
  steps.sort((a, b) => a - b)
  const usual = steps[Math.floor(steps.length / 2)] ?? 0
  return Math.max(GAP * usual, GAP_MS)
}

/** What is drawn in one column of pixels: where the line comes in and goes out, and how far it reaches. */
export type Column = (
  x: number,
  first: number,
  min: number,
  max: number,
  last: number,
  isNew: boolean,
) => void

/**
 * Folds values into columns of pixels: however many there are, a column is told once, from left to right. `isNew` says that the line
 * begins there, because there was a gap before it.
 */
export function columns(
  ring: Ring,
  [begin, end]: readonly [number, number],
  xOf: (ts: number) => number,
  gap: number,
  of: 'line' | 'band',
  tell: Column,
): void {
  const isBand = of === 'band'
  let x = Number.NaN
  let first = 0
  let min = 0
  let max = 0
  let last = 0
  let isNew = true
  let wasNew = true
  let isOpen = false
  let before = Number.NEGATIVE_INFINITY
  // Called for each value of each chart many times a second: plain variables, so that nothing is left for the collector.
  for (let i = begin; i < end; i++) {
    const value = ring.valueAt(i)
    if (Number.isNaN(value)) {
      isNew = true
      continue
    }
    const ts = ring.tsAt(i)
    if (ts - before > gap) isNew = true
    before = ts
    const low = isBand ? ring.minAt(i) : value
    const high = isBand ? ring.maxAt(i) : value
    const at = xOf(ts)
    if (isOpen && at === x && !isNew) {
      if (low < min) min = low
      if (high > max) max = high
      last = value
      continue
    }
    if (isOpen) tell(x, first, min, max, last, wasNew)
    x = at
    first = value
    min = low
    max = high
    last = value
    wasNew = isNew
    isNew = false
    isOpen = true
  }
  if (isOpen) tell(x, first, min, max, last, wasNew)
}

/** Room that is left before a scale is drawn anew for less: one that follows each value is hard to read. */
const SLACK = 0.7

/** The scale to draw by: the one of before while all fits into it and most of it is used. */
export function settled(before: Bounds | undefined, wanted: Bounds): Bounds {
  if (!before) return wanted
  const fits = wanted.low >= before.low && wanted.high <= before.high
  const isUsed = wanted.high - wanted.low >= SLACK * (before.high - before.low)
  return fits && isUsed ? before : wanted
}

/** The end of a live stretch, moved on by whole pixels: in between nothing that is drawn moves. */
export function snapped(from: number, to: number, pixels: number): { from: number; to: number } {
  const step = (to - from) / Math.max(1, pixels)
  const end = Math.ceil(to / step) * step
  return { from: end - (to - from), to: end }
}
