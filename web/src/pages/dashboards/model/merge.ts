/**
 * Two people changed the same dashboard: what each of them did since what both began with, thing by thing, and what comes of a choice
 * for each. A thing is a widget as a whole, where widgets stand, or one fact about the dashboard.
 */
import { type Board, boxes, complete, type Item } from './board'
import { COLUMNS, type Layout, type Place, settle } from './place'
import { same } from './same'

export type Side = 'base' | 'mine' | 'theirs'

export interface Difference {
  /** `widget:` and its name, `places`, or the name of a fact. */
  key: string
  /** What to call it. */
  title: string
  /** What each did with it; nothing if they left it. */
  mine: string | undefined
  theirs: string | undefined
  /** Both changed it, and not in the same way: somebody must choose. */
  isConflict: boolean
}

export type Choices = ReadonlyMap<string, Side>

const FACTS = ['name', 'description', 'project_id', 'update_frequency'] as const
const FACT_TITLES = {
  name: 'Name',
  description: 'Description',
  project_id: 'Project',
  update_frequency: 'Refresh',
}

export function differences(base: Board, mine: Board, theirs: Board): Difference[] {
  const found: Difference[] = []
  const compare = (key: string, title: string, values: [unknown, unknown, unknown], say: Say) => {
    const [was, my, their] = values
    const [isMine, isTheirs] = [!same(was, my), !same(was, their)]
    // What both did in the same way is nothing to choose.
    if (same(my, their)) return
    const isConflict = isMine && isTheirs
    const told = (is: unknown, did: boolean) => (did ? say(was, is) : undefined)
    found.push({ key, title, mine: told(my, isMine), theirs: told(their, isTheirs), isConflict })
  }
  for (const id of names(base, mine, theirs)) {
    const [was, my, their] = [itemIn(base, id), itemIn(mine, id), itemIn(theirs, id)]
    const title = (my ?? their ?? was)?.title || id
    compare(`widget:${id}`, title, [was, my, their], (a, b) => saidOfItem(a as Item, b as Item))
  }
  const shared = (board: Board) => sharedPlaces(board, base, mine, theirs)
  compare(
    'places',
    'Where widgets stand',
    [shared(base), shared(mine), shared(theirs)],
    () => 'moved or resized',
  )
  for (const fact of FACTS) {
    const values: [unknown, unknown, unknown] = [base[fact], mine[fact], theirs[fact]]
    const say: Say = (_, is) => (typeof is === 'string' && fact !== 'project_id' ? `“${is}”` : 'changed')
    compare(fact, FACT_TITLES[fact], values, say)
  }
  const kept = [base.kept, mine.kept, theirs.kept].map(({ widgets: _, ...rest }) => rest)
  compare('kept', 'What other programs keep here', kept as [unknown, unknown, unknown], () => 'changed')
  return found
}

type Say = (was: unknown, is: unknown) => string

/** What to take if nobody says otherwise: what was changed; mine where both did. */
export function proposed(found: readonly Difference[]): Choices {
  return new Map(found.map(({ key, mine }) => [key, mine ? 'mine' : 'theirs']))
}

/** The dashboard that comes of the choices, to be saved in place of theirs. */
export function merged(base: Board, mine: Board, theirs: Board, choices: Choices): Board {
  const sides = { base, mine, theirs }
  const of = (key: string) => sides[choices.get(key) ?? 'theirs']
  const items = names(theirs, mine, base).flatMap(id => itemIn(of(`widget:${id}`), id) ?? [])
  // Where nobody is asked: what only one of them has moved around holds.
  const moved = same(theirs.layouts, base.layouts) ? mine : theirs
  const places = choices.has('places') ? of('places') : moved
  const ids = boxes(items).map(item => item.widget_id)
  const lg = settle(
    ids.map(id => placeIn(places.layouts.lg, id) ?? anywhere([of(`widget:${id}`), theirs, mine, base], id)),
    COLUMNS.lg,
  )
  const narrow = (size: 'md' | 'sm') => {
    const own = places.layouts[size]
    return (
      own &&
      complete(
        own.filter(({ i }) => ids.includes(i)),
        lg,
        size,
      )
    )
  }
  const kept = of('kept').kept
  return {
    name: of('name').name,
    description: of('description').description,
    project_id: of('project_id').project_id,
    update_frequency: of('update_frequency').update_frequency,
    items,
    layouts: { lg, md: narrow('md'), sm: narrow('sm') },
    kept: { ...kept, widgets: theirs.kept.widgets.filter(entry => stays(entry, base, items)) },
  }
}

/** Drawings of widgets that are not there any more go. */
function stays(entry: Record<string, unknown>, base: Board, items: readonly Item[]): boolean {
  return items.some(item => item.widget_id === entry['id']) || !itemIn(base, String(entry['id']))
}

function names(...boards: Board[]): string[] {
  return [...new Set(boards.flatMap(board => board.items.map(item => item.widget_id)))]
}

function itemIn(board: Board, id: string): Item | undefined {
  return board.items.find(item => item.widget_id === id)
}

function placeIn(layout: Layout, id: string): Place | undefined {
  return layout.find(({ i }) => i === id)
}

/** One that was drawn by a widget that is gone had no place yet. */
function anywhere(boards: Board[], id: string): Place {
  const place = boards.flatMap(board => placeIn(board.layouts.lg, id) ?? [])[0]
  return place ?? { i: id, x: 0, y: 100_000, w: 4, h: 3 }
}

/** Places of the widgets that all have: one that is new or gone pushes others around, and that is nobody's arranging. */
function sharedPlaces(board: Board, ...all: Board[]): unknown {
  const ids = board.layouts.lg.map(({ i }) => i).filter(id => all.every(one => placeIn(one.layouts.lg, id)))
  const { lg, md, sm } = board.layouts
  const keep = (layout: Layout | null, columns: number) =>
    layout &&
    settle(
      layout.filter(({ i }) => ids.includes(i)),
      columns,
    ).sort((a, b) => (a.i < b.i ? -1 : 1))
  return [keep(lg, COLUMNS.lg), keep(md, COLUMNS.md), keep(sm, COLUMNS.sm)]
}

function saidOfItem(was: Item | undefined, is: Item | undefined): string {
  if (!was) return 'added'
  if (!is) return 'removed'
  const words: [keyof Item, string][] = [
    ['title', 'title'],
    ['widget_type', 'kind'],
    ['source', 'source'],
    ['widget_config', 'look'],
    ['aggregation', 'aggregation'],
    ['refresh_interval', 'refresh'],
    ['max_samples', 'samples'],
  ]
  const changed = words.filter(([field]) => !same(was[field], is[field])).map(([, word]) => word)
  return `changed: ${changed.join(', ')}`
}
