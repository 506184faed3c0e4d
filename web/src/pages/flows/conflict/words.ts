/** What a conflict is about, in words: what it was, and what each side made of it. */
import type { Change } from '../diff/diff'
import { byId, type Drawing, nameOf } from '../diff/drawing'
import { isFields, own } from '../diff/json'
import type { Conflict } from '../diff/merge'
import { text } from '../diff/words'

export interface Told {
  /** What it is about: the node, or the edge's ends. */
  name: string
  base: string[]
  mine: string[]
  theirs: string[]
}

/** Names of nodes are taken from the first of the drawings that has them. */
export function tell(conflict: Conflict, drawings: readonly Drawing[]): Told {
  const nodes = new Map([...drawings].reverse().flatMap(({ nodes }) => [...byId(nodes)]))
  const edges = new Map([...drawings].reverse().flatMap(({ edges }) => [...byId(edges)]))
  const node = (id: string) => nameOf(nodes.get(id), id)
  const name = ({ what, id }: Change) => {
    if (what === 'node') return node(id)
    const edge = edges.get(id)
    return edge ? `${node(String(own(edge, 'source')))} → ${node(String(own(edge, 'target')))}` : id
  }
  const all = [...conflict.mine, ...conflict.theirs]
  const about = all.find(({ what }) => what === 'node') ?? all[0]
  const title = about ? name(about) : ''
  // what is about something else than the title says so
  const prefix = (change: Change) => (name(change) === title ? '' : `${name(change)}: `)
  const side = (changes: readonly Change[]) => changes.map(change => prefix(change) + now(change))
  const before = new Set(
    all.flatMap(change => (change.kind === 'added' ? [] : [prefix(change) + was(change)])),
  )
  return {
    name: title,
    base: before.size > 0 ? [...before] : ['not there'],
    mine: side(conflict.mine),
    theirs: side(conflict.theirs),
  }
}

function now(change: Change): string {
  switch (change.kind) {
    case 'added':
      return 'new'
    case 'removed':
      return 'removed'
    case 'moved':
      return `moved to ${place(change.after)}`
    case 'changed':
      return `${field(change.path)}: ${text(change.after)}`
  }
}

function was(change: Change): string {
  switch (change.kind) {
    case 'moved':
      return `at ${place(change.before)}`
    case 'changed':
      return `${field(change.path)}: ${text(change.before)}`
    default:
      return 'there'
  }
}

function field(path: readonly string[]): string {
  return (path[0] === 'data' && path.length > 1 ? path.slice(1) : path).join('.')
}

function place(of: unknown): string {
  if (!isFields(of)) return 'nowhere'
  return ['x', 'y'].map(key => Math.round(Number(own(of, key)))).join(', ')
}
