/** Moving and resizing by the arrow keys: what a drag does, one step at a time. */
import { COLUMNS, type Layout, type Place, type Size, settle, shareColumns } from './place'

export type Direction = 'left' | 'right' | 'up' | 'down'

/** One column to the side, or past the widget above or below. The same layout if there is nowhere to go. */
export function moved(layout: Layout, id: string, to: Direction, size: Size): Layout {
  const columns = COLUMNS[size]
  const place = layout.find(({ i }) => i === id)
  if (!place) return layout
  const at = { ...place }
  if (to === 'left') at.x -= 1
  if (to === 'right') at.x += 1
  if (to === 'up' || to === 'down') {
    const near = layout.filter(other => other.i !== id && shareColumns(other, place))
    if (to === 'up') {
      const above = near.filter(other => other.y < place.y)
      if (above.length === 0) return layout
      at.y = Math.max(...above.map(other => other.y))
    } else {
      const below = near.filter(other => other.y > place.y)
      if (below.length === 0) return layout
      // Behind the nearest one: that moves up into the room that this one leaves.
      const next = below.reduce((nearest, other) => (other.y < nearest.y ? other : nearest))
      at.y = next.y + next.h
    }
  }
  if (at.x < 0 || at.x + at.w > columns) return layout
  return put(layout, at, columns)
}

/** One column or row larger or smaller. */
export function resized(layout: Layout, id: string, to: Direction, size: Size): Layout {
  const columns = COLUMNS[size]
  const place = layout.find(({ i }) => i === id)
  if (!place) return layout
  const at = { ...place }
  if (to === 'left') at.w -= 1
  if (to === 'right') at.w += 1
  if (to === 'up') at.h -= 1
  if (to === 'down') at.h += 1
  if (at.w < Math.min(place.minW ?? 1, columns) || at.h < (place.minH ?? 1)) return layout
  if (at.x + at.w > columns) return layout
  return put(layout, at, columns)
}

function put(layout: Layout, at: Place, columns: number): Layout {
  return settle(
    layout.map(place => (place.i === at.i ? at : place)),
    columns,
    at.i,
  )
}
