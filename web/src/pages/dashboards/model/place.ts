/**
 * Where widgets stand: cells of a grid that is filled from the top, for three widths of the page. Pure, so that the page that shows
 * a dashboard and the one that changes it put each widget into the same cells.
 */

/** Widths of the page, the widest first. */
export const SIZES = ['lg', 'md', 'sm'] as const
export type Size = (typeof SIZES)[number]

export const COLUMNS: Record<Size, number> = { lg: 12, md: 6, sm: 2 }
/** Height of a cell and what is between two, in pixels: 64 together. */
export const ROW = 56
export const GAP = 8
/** More is refused by the server. */
const MOST_ROWS = 1_000

/** A widget's cells. `i` is its `widget_id`: the word that the layouts of existing dashboards have for it. */
export interface Place {
  i: string
  x: number
  y: number
  w: number
  h: number
  minW?: number
  minH?: number
}

export type Layout = readonly Place[]

export function shareColumns(a: Place, b: Place): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w
}

export function overlap(a: Place, b: Place): boolean {
  return a.i !== b.i && shareColumns(a, b) && a.y < b.y + b.h && b.y < a.y + a.h
}

/** From the top to the bottom, and from left to right. What is `first` goes before others that begin in the same row. */
export function inOrder(layout: Layout, first?: string): Place[] {
  const rank = (place: Place) => (place.i === first ? 0 : 1)
  return [...layout].sort((a, b) => a.y - b.y || rank(a) - rank(b) || a.x - b.x)
}

function fitInto(place: Place, columns: number): Place {
  const w = Math.min(Math.max(place.w, Math.min(place.minW ?? 1, columns)), columns)
  const h = Math.min(Math.max(place.h, place.minH ?? 1), MOST_ROWS)
  return { ...place, w, h, x: Math.min(Math.max(place.x, 0), columns - w), y: Math.max(place.y, 0) }
}

/**
 * Puts each widget as far up as it goes, in the order of the rows, so that none overlaps another and no row is empty. The places
 * come back in the order in which they were given. What is settled stays as it is.
 */
export function settle(layout: Layout, columns: number, first?: string): Place[] {
  const done: Place[] = []
  const fitted = layout.map(place => fitInto(place, columns))
  for (const place of inOrder(fitted, first)) {
    // Right below what comes before it in its columns; a hole further up is not jumped into.
    const above = done.filter(other => shareColumns(other, place))
    done.push({ ...place, y: Math.max(0, ...above.map(other => other.y + other.h)) })
  }
  const by = new Map(done.map(place => [place.i, place]))
  return fitted.map(place => by.get(place.i) ?? place)
}

/** Rows that a layout has. */
export function rows(layout: Layout): number {
  return Math.max(0, ...layout.map(place => place.y + place.h))
}

/** The layout for a narrower page, made of the wide one: in its order, widths in proportion, filled row by row. */
export function narrowed(wide: Layout, size: Size): Place[] {
  const columns = COLUMNS[size]
  if (size === 'lg') return settle(wide, columns)
  const made: Place[] = []
  let [x, y, high] = [0, 0, 0]
  for (const place of inOrder(wide)) {
    // On a phone what is wider than a third takes the whole row.
    const share = (place.w / COLUMNS.lg) * columns
    const w = size === 'sm' ? (place.w <= 4 && (place.minW ?? 1) <= 4 ? 1 : 2) : Math.round(share)
    const width = Math.min(Math.max(w, 1), columns)
    if (x + width > columns) {
      y += high
      x = 0
      high = 0
    }
    const { minW: _, ...rest } = place
    made.push({ ...rest, x, y, w: width })
    x += width
    high = Math.max(high, place.h)
  }
  const by = new Map(settle(made, columns).map(place => [place.i, place]))
  return wide.flatMap(place => by.get(place.i) ?? [])
}

/** A place for a new widget: at the first free spot that is high and wide enough, from the top. */
export function free(layout: Layout, w: number, h: number, columns: number): { x: number; y: number } {
  const width = Math.min(w, columns)
  for (let y = 0; y <= rows(layout); y++) {
    for (let x = 0; x + width <= columns; x++) {
      const at = { i: '', x, y, w: width, h }
      if (!layout.some(other => overlap(at, other))) return { x, y }
    }
  }
  return { x: 0, y: rows(layout) }
}
