/** Changes as people read them. */
import { shown } from '../../../parts/value'
import { byItem, type Change, type Touched } from './diff'
import { byId, type Drawing, nameOf } from './drawing'
import { own } from './json'
import { type Mark, marksOf } from './picture'

export const marks: Record<Mark, { sign: string; word: string }> = {
  added: { sign: '+', word: 'New' },
  removed: { sign: '−', word: 'Removed' },
  changed: { sign: '~', word: 'Changed' },
  moved: { sign: '↔', word: 'Moved' },
  same: { sign: '', word: 'As it was' },
}

/** One node, edge or the flow itself, and what became of it. */
export interface Said extends Touched {
  mark: Mark
  /** What it is called. */
  name: string
  fields: { label: string; before: string; after: string }[]
}

const LONGEST = 400

/** What differs, item by item, those first that do something else. */
export function say(base: Drawing, other: Drawing, changes: readonly Change[]): Said[] {
  const found = marksOf(changes)
  const [before, after] = [byId(base.nodes), byId(other.nodes)]
  const node = (id: string) => nameOf(after.get(id) ?? before.get(id), id)
  const edges = new Map([...byId(base.edges), ...byId(other.edges)])
  const name = ({ what, id }: Touched) => {
    if (what === 'flow') return 'The flow itself'
    if (what === 'node') return node(id)
    const edge = edges.get(id)
    const end = (key: string) => (edge ? node(String(own(edge, key))) : '')
    const port = edge && own(edge, 'sourceHandle')
    return `${end('source')}${typeof port === 'string' ? ` (${port})` : ''} → ${end('target')}`
  }
  const said = byItem(changes).map(
    (touched): Said => ({
      ...touched,
      mark: found.get(`${touched.what} ${touched.id}`) ?? 'same',
      name: name(touched),
      fields: touched.changes.flatMap(change => {
        if (change.kind !== 'changed') return []
        const path = change.path[0] === 'data' && change.path.length > 1 ? change.path.slice(1) : change.path
        return [{ label: path.join('.'), before: text(change.before), after: text(change.after) }]
      }),
    }),
  )
  const order: Mark[] = ['added', 'removed', 'changed', 'moved']
  return said.sort((a, b) => order.indexOf(a.mark) - order.indexOf(b.mark))
}

/** A value of a field, whole unless it is very long. */
export function text(value: unknown): string {
  if (value === undefined) return 'not set'
  if (value === '') return 'empty'
  const told = typeof value === 'object' && value !== null ? JSON.stringify(value, null, 1) : shown(value)
  return told.length > LONGEST ? `${told.slice(0, LONGEST)}…` : told
}

/** How many of what: "2 nodes added, 1 moved". */
export function summary(changes: readonly Change[]): string {
  if (changes.length === 0) return 'No difference'
  const found = marksOf(changes)
  const count = (mark: Mark, what: string) =>
    [...found].filter(([key, of]) => of === mark && key.startsWith(`${what} `)).length
  const parts = (['added', 'removed', 'changed', 'moved'] as const).flatMap(mark =>
    (['node', 'edge'] as const).flatMap(what => {
      const n = count(mark, what)
      return n > 0 ? [`${n} ${what}${n > 1 ? 's' : ''} ${mark}`] : []
    }),
  )
  if ([...found.keys()].some(key => key.startsWith('flow '))) parts.push('name or notes changed')
  return parts.join(', ')
}
