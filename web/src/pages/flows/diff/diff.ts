/** What differs between two drawings, change by change, so that each can be shown, chosen and applied by itself. */
import { byId, type Drawing, type What } from './drawing'
import { type Fields, isFields, keysOf, own, put, same } from './json'

export type Change =
  | { kind: 'added'; what: What; id: string; item: Fields }
  | { kind: 'removed'; what: What; id: string; item: Fields }
  /** A field is another one; nothing (`undefined`) is one that is not there. */
  | {
      kind: 'changed'
      what: What
      id: string
      path: readonly string[]
      before: unknown
      after: unknown
    }
  /** A node stands somewhere else. */
  | { kind: 'moved'; what: 'node'; id: string; before: unknown; after: unknown }

/** All that has to be done to the first to make the second of it; the order of nodes and edges does not count. */
export function diff(base: Drawing, other: Drawing): Change[] {
  return [
    ...ofItems('node', base.nodes, other.nodes),
    ...ofItems('edge', base.edges, other.edges),
    ...ofFields('flow', '', base.about ?? {}, other.about ?? {}, []),
  ]
}

function ofItems(what: What, base: readonly Fields[], other: readonly Fields[]): Change[] {
  const [before, after] = [byId(base), byId(other)]
  const changes: Change[] = []
  for (const [id, item] of before) {
    const now = after.get(id)
    if (now) changes.push(...ofFields(what, id, item, now, []))
    else changes.push({ kind: 'removed', what, id, item })
  }
  for (const [id, item] of after) {
    if (!before.has(id)) changes.push({ kind: 'added', what, id, item })
  }
  return changes
}

function ofFields(what: What, id: string, a: Fields, b: Fields, path: readonly string[]): Change[] {
  return keysOf(a, b).flatMap((key): Change[] => {
    const [before, after] = [own(a, key), own(b, key)]
    if (same(before, after)) return []
    if (what === 'node' && path.length === 0 && key === 'position') {
      return [{ kind: 'moved', what, id, before, after }]
    }
    const deeper = [...path, key]
    if (isFields(before) && isFields(after)) return ofFields(what, id, before, after, deeper)
    return [{ kind: 'changed', what, id, path: deeper, before, after }]
  })
}

/** Does the changes to a drawing. */
export function apply(base: Drawing, changes: readonly Change[]): Drawing {
  const nodes = byId(base.nodes)
  const edges = byId(base.edges)
  let about: unknown = base.about ?? {}
  for (const change of changes) {
    if (change.what === 'flow') {
      if (change.kind === 'changed') about = put(about, change.path, change.after)
      continue
    }
    const items = change.what === 'node' ? nodes : edges
    if (change.kind === 'added') items.set(change.id, change.item)
    else if (change.kind === 'removed') items.delete(change.id)
    else {
      const path = change.kind === 'moved' ? ['position'] : change.path
      items.set(change.id, put(items.get(change.id) ?? {}, path, change.after) as Fields)
    }
  }
  return { nodes: [...nodes.values()], edges: [...edges.values()], about: about as Fields }
}

/** Whether the two are drawn the same, wherever in the list a node or an edge stands. */
export function isSame(a: Drawing, b: Drawing): boolean {
  return diff(a, b).length === 0
}

/** Changes of one node, edge or flow together, in the order in which they were found. */
export interface Touched {
  what: What
  id: string
  changes: Change[]
}

export function byItem(changes: readonly Change[]): Touched[] {
  const items = new Map<string, Touched>()
  for (const change of changes) {
    const key = `${change.what} ${change.id}`
    const touched = items.get(key) ?? { what: change.what, id: change.id, changes: [] }
    touched.changes.push(change)
    items.set(key, touched)
  }
  return [...items.values()]
}
