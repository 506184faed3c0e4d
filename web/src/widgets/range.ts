/** Which time a dashboard shows. */

export type Range =
  /** The last `spanMs` up to now; `pausedAt` holds it still, while values come in behind it. */
  | { kind: 'live'; spanMs: number; pausedAt?: number }
  /** From `from` up to and without `to`, in ms since the epoch. */
  | { kind: 'absolute'; from: number; to: number }

const MINUTE = 60_000
const HOUR = 60 * MINUTE

export const SPANS: readonly { ms: number; name: string; word: string }[] = [
  { ms: MINUTE, name: '1m', word: '1 min' },
  { ms: 5 * MINUTE, name: '5m', word: '5 min' },
  { ms: 15 * MINUTE, name: '15m', word: '15 min' },
  { ms: HOUR, name: '1h', word: '1 h' },
  { ms: 3 * HOUR, name: '3h', word: '3 h' },
  { ms: 6 * HOUR, name: '6h', word: '6 h' },
  { ms: 12 * HOUR, name: '12h', word: '12 h' },
  { ms: 24 * HOUR, name: '24h', word: '24 h' },
]

export const DEFAULT_RANGE: Range = { kind: 'live', spanMs: 5 * MINUTE }

/** Shortest time that one can zoom into. */
export const LEAST_MS = 100
/** Years that are asked for at most: readings are not kept for longer. */
const MOST_MS = 10 * 366 * 24 * HOUR

/** The edges of what is shown at a moment. */
export function edges(range: Range, now: number): { from: number; to: number } {
  if (range.kind === 'absolute') return { from: range.from, to: range.to }
  const to = range.pausedAt ?? now
  return { from: to - range.spanMs, to }
}

export function isRange(from: number, to: number): boolean {
  return Number.isFinite(from) && Number.isFinite(to) && to - from >= LEAST_MS && to - from <= MOST_MS
}

/** For the address of the page. A pause is of the one who looks, and not in it. */
export function toSearch(range: Range): { last?: string; from?: number; to?: number } {
  if (range.kind === 'absolute') return { from: range.from, to: range.to }
  const span = SPANS.find(({ ms }) => ms === range.spanMs)
  return { last: span?.name ?? `${Math.round(range.spanMs / 1_000)}s` }
}

/** What stands in an address, if it is a range; else nothing. */
export function fromSearch(search: Record<string, unknown>): Range | undefined {
  const { last, from, to } = search
  if (typeof from === 'number' && typeof to === 'number') {
    return isRange(from, to) ? { kind: 'absolute', from: Math.round(from), to: Math.round(to) } : undefined
  }
  if (typeof last !== 'string') return undefined
  const spanMs = SPANS.find(({ name }) => name === last)?.ms ?? seconds(last)
  return spanMs ? { kind: 'live', spanMs } : undefined
}

function seconds(text: string): number | undefined {
  const match = /^(\d{1,6})s$/.exec(text)
  const ms = Number(match?.[1]) * 1_000
  return ms >= 1_000 && ms <= 24 * HOUR ? ms : undefined
}

/** Ranges that one has zoomed into, and the way back out of them. */
export interface Zoomed {
  range: Range
  /** Where one came from, the outermost first. */
  before: readonly Range[]
}

const MOST_ZOOMS = 20

export function zoom(at: Zoomed, from: number, to: number): Zoomed {
  if (!isRange(from, to)) return at
  const range: Range = { kind: 'absolute', from: Math.floor(from), to: Math.ceil(to) }
  return { range, before: [...at.before, at.range].slice(-MOST_ZOOMS) }
}

/** Back to where one was before all zooming; a pause that was left is over. */
export function zoomOut(at: Zoomed): Zoomed {
  const first = at.before[0]
  if (!first) return at
  return { range: first.kind === 'live' ? { kind: 'live', spanMs: first.spanMs } : first, before: [] }
}
