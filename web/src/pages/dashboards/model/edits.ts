/** What can be done to a dashboard. Each answers the dashboard that comes of it; what changes nothing answers the same one. */
import { type Board, complete, guests, type Item, layoutOf } from './board'
import { COLUMNS, free, type Layout, type Place, type Size, settle } from './place'
import { same } from './same'

const NARROW = ['md', 'sm'] as const

type Room = Omit<Place, 'i' | 'x' | 'y'>

/** Adds a widget where there is room. */
export function added(board: Board, item: Item, room: Room): Board {
  const { lg } = board.layouts
  const w = Math.min(room.w, COLUMNS.lg)
  const place: Place = { i: item.widget_id, ...room, w, ...free(lg, w, room.h, COLUMNS.lg) }
  return withWide({ ...board, items: [...board.items, item] }, [...lg, place])
}

/** One more series that a widget draws. */
export function joined(board: Board, item: Item, host: string): Board {
  const guest = { ...item, widget_config: { ...item.widget_config, part_of: host } }
  return { ...board, items: [...board.items, guest] }
}

/** The same widget once more under another name, with all that it draws. */
export function duplicated(board: Board, id: string, copy: string): Board {
  const [item, place] = [board.items.find(one => one.widget_id === id), placed(board, id)]
  if (!item || !place) return board
  const { i: _, x: _x, y: _y, ...room } = place
  const own = guests(board.items, item)
  const made = added(board, { ...item, widget_id: copy }, room)
  return own.reduce((next, guest, n) => joined(next, { ...guest, widget_id: `${copy}-${n + 1}` }, copy), made)
}

/** Takes a widget away, and with it what it draws. */
export function removed(board: Board, id: string): Board {
  const item = board.items.find(one => one.widget_id === id)
  if (!item) return board
  const gone = new Set([id, ...guests(board.items, item).map(guest => guest.widget_id)])
  const next = {
    ...board,
    items: board.items.filter(one => !gone.has(one.widget_id)),
    kept: { ...board.kept, widgets: board.kept.widgets.filter(entry => !gone.has(String(entry['id']))) },
  }
  return withWide(
    next,
    board.layouts.lg.filter(place => place.i !== id),
  )
}

export function changed(board: Board, id: string, change: Partial<Omit<Item, 'widget_id'>>): Board {
  let isNew = false
  const items = board.items.map(item => {
    if (item.widget_id !== id) return item
    const next = { ...item, ...change }
    if (same(next, item)) return item
    isNew = true
    return next
  })
  return isNew ? { ...board, items } : board
}

/** Changes what is about the whole: its name, what it is for, its project. */
export function told(
  board: Board,
  change: Partial<Pick<Board, 'name' | 'description' | 'project_id' | 'update_frequency'>>,
): Board {
  const next = { ...board, ...change }
  return same(next, board) ? board : next
}

/** Puts everything of a page's width elsewhere. The narrow layouts that follow the wide one follow it. */
export function arranged(board: Board, size: Size, layout: Layout): Board {
  const settled = settle(layout, COLUMNS[size])
  if (same(settled, layoutOf(board, size))) return board
  return size === 'lg'
    ? withWide(board, settled)
    : { ...board, layouts: { ...board.layouts, [size]: settled } }
}

/** Has a narrow layout follow the wide one again. */
export function followed(board: Board, size: 'md' | 'sm'): Board {
  return board.layouts[size] === null ? board : { ...board, layouts: { ...board.layouts, [size]: null } }
}

function placed(board: Board, id: string): Place | undefined {
  return board.layouts.lg.find(place => place.i === id)
}

function withWide(board: Board, wide: Layout): Board {
  const layouts = { ...board.layouts, lg: settle(wide, COLUMNS.lg) }
  for (const size of NARROW) {
    const own = layouts[size]
    if (!own) continue
    const known = own.filter(({ i }) => layouts.lg.some(place => place.i === i))
    layouts[size] = complete(known, layouts.lg, size)
  }
  return { ...board, layouts }
}

/** A name that nobody else draws at the same time. */
export function newId(type: string): string {
  const bytes = crypto.getRandomValues(new Uint8Array(5))
  return `${type}-${Array.from(bytes, byte => byte.toString(36).padStart(2, '0')).join('')}`
}
