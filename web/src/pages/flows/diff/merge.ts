/**
 * Two people changed the same flow: what both did is put together, and where both cannot be had it is a conflict, for somebody to choose.
 * Nothing is dropped without being asked about.
 */
import { apart } from './apart'
import { apply, type Change, diff } from './diff'
import { type Drawing, needs } from './drawing'
import { same } from './json'

export type Side = 'mine' | 'theirs'

/** Changes of which only those of one side can be had. What hangs together is chosen together: a node that goes, and its edges. */
export interface Conflict {
  /** Stays the same for the same three drawings. */
  id: string
  mine: Change[]
  theirs: Change[]
}

export interface Merge {
  base: Drawing
  /** What can be had of both: it is done, whatever is chosen. */
  both: Change[]
  conflicts: Conflict[]
}

export function merge(base: Drawing, mine: Drawing, theirs: Drawing): Merge {
  const ours = named(diff(base, apart(base, mine, theirs)))
  const others = named(diff(base, theirs))
  const alike = new Set<string>()
  for (const [name, change] of ours) if (same(change, others.get(name))) alike.add(name)
  const entries: Entry[] = []
  for (const [name, change] of ours) if (!alike.has(name)) entries.push({ side: 'mine', change })
  for (const [name, change] of others) if (!alike.has(name)) entries.push({ side: 'theirs', change })
  // what both did alike is done once
  const both = [...alike].map(name => ours.get(name) as Change)
  const conflicts: Conflict[] = []
  for (const group of together(entries)) {
    const of = (side: Side) => group.filter(entry => entry.side === side).map(entry => entry.change)
    const [mineOf, theirsOf] = [of('mine'), of('theirs')]
    const first = mineOf[0]
    if (!first || theirsOf.length === 0) both.push(...mineOf, ...theirsOf)
    else conflicts.push({ id: nameOf(first), mine: mineOf, theirs: theirsOf })
  }
  return { base, both, conflicts }
}

/** The drawing that comes of the choices; of a conflict that nothing was chosen for, it is as it was before both. */
export function resolve({ base, both, conflicts }: Merge, choices: ReadonlyMap<string, Side>): Drawing {
  const chosen = conflicts.flatMap(conflict => {
    const side = choices.get(conflict.id)
    return side ? conflict[side] : []
  })
  return apply(base, [...both, ...chosen])
}

interface Entry {
  side: Side
  change: Change
}

/** Groups of changes that hang together, each change in one of them. */
function together(entries: readonly Entry[]): Entry[][] {
  const root = entries.map((_, index) => index)
  const find = (index: number): number => {
    let at = index
    while (root[at] !== at) at = root[at] as number
    return at
  }
  // only those that touch the same node, edge or flow can have to do with each other
  const places = new Map<string, number[]>()
  for (const [index, { change }] of entries.entries()) {
    for (const place of touches(change)) places.set(place, [...(places.get(place) ?? []), index])
  }
  for (const place of places.values()) {
    for (const [n, i] of place.entries()) {
      for (const j of place.slice(n + 1)) {
        const [a, b] = [entries[i] as Entry, entries[j] as Entry]
        const joined = a.side === b.side ? belong(a.change, b.change) : clash(a.change, b.change)
        if (joined) root[find(j)] = find(i)
      }
    }
  }
  const groups = new Map<number, Entry[]>()
  for (const [index, entry] of entries.entries()) {
    const at = find(index)
    groups.set(at, [...(groups.get(at) ?? []), entry])
  }
  return [...groups.values()]
}

function touches(change: Change): Set<string> {
  const needing = change.kind === 'removed' ? needs(change.item) : needed(change)
  return new Set([`${change.what} ${change.id}`, ...needing.map(id => `node ${id}`)])
}

/** Whether one side did both for one reason: what goes takes along what needs it, and a node that leaves its group is placed anew. */
function belong(a: Change, b: Change): boolean {
  if (isOne(a, b)) return placeOf(a)?.[0] === 'position' && placeOf(b)?.[0] === 'position'
  return takes(a, b) || takes(b, a)
}

/** Whether not both can be had, each of another side. */
function clash(a: Change, b: Change): boolean {
  if (!isOne(a, b)) return loses(a, b) || loses(b, a)
  const [one, other] = [placeOf(a), placeOf(b)]
  // a whole item against anything of it
  if (!one || !other) return true
  // one place against the same, or against one within it
  return one.every((key, at) => at >= other.length || key === other[at])
}

function isOne(a: Change, b: Change): boolean {
  return a.what === b.what && a.id === b.id
}

function takes(node: Change, other: Change): boolean {
  const goes = node.what === 'node' && node.kind === 'removed' && other.kind === 'removed'
  return goes && needs(other.item).includes(node.id)
}

/** Whether a node goes that the other's change has need of. */
function loses(node: Change, other: Change): boolean {
  return node.what === 'node' && node.kind === 'removed' && needed(other).includes(node.id)
}

/** The nodes that must be there after a change for its sake. */
function needed(change: Change): string[] {
  if (change.kind === 'added') return needs(change.item)
  if (change.kind !== 'changed' || change.path.length !== 1) return []
  return needs({ [change.path[0] as string]: change.after })
}

/** Where in its item a change is; nothing if it is the whole. A place and the group that it is measured from are one. */
function placeOf(change: Change): readonly string[] | undefined {
  if (change.kind === 'moved') return ['position']
  if (change.kind !== 'changed') return undefined
  return change.what === 'node' && change.path[0] === 'parentId' ? ['position'] : change.path
}

function named(changes: readonly Change[]): Map<string, Change> {
  return new Map(changes.map(change => [nameOf(change), change]))
}

function nameOf(change: Change): string {
  return JSON.stringify([
    change.kind,
    change.what,
    change.id,
    ...(change.kind === 'changed' ? change.path : []),
  ])
}
