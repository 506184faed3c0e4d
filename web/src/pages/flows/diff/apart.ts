/**
 * Two people who each add a filter both call it `filter-2`: editors count. These are two nodes, so the ones of the first are given other ids
 * before both drawings are put together.
 */
import { byId, type Drawing } from './drawing'
import { type Fields, own, put, same } from './json'

/** The first drawing, with ids of its own for what it added under an id that the second added something else under. */
export function apart(base: Drawing, mine: Drawing, theirs: Drawing): Drawing {
  const nodeIds = clashing(base.nodes, mine.nodes, theirs.nodes)
  const follow = (item: Fields, keys: readonly string[]) =>
    keys.reduce((now, key) => {
      const next = nodeIds.get(String(own(now, key)))
      return next === undefined ? now : (put(now, [key], next) as Fields)
    }, item)
  const nodes = mine.nodes.map(node => follow(node, ['id', 'parentId']))
  const led = mine.edges.map(edge => follow(edge, ['source', 'target']))
  const edgeIds = clashing(base.edges, led, theirs.edges)
  const edges = led.map(edge => {
    const next = edgeIds.get(String(own(edge, 'id')))
    return next === undefined ? edge : (put(edge, ['id'], next) as Fields)
  })
  return { ...mine, nodes, edges }
}

/** New ids, by the old ones. */
function clashing(
  base: readonly Fields[],
  mine: readonly Fields[],
  theirs: readonly Fields[],
): Map<string, string> {
  const [before, ours, others] = [byId(base), byId(mine), byId(theirs)]
  const taken = new Set([...before.keys(), ...ours.keys(), ...others.keys()])
  const renamed = new Map<string, string>()
  for (const [id, item] of ours) {
    const other = others.get(id)
    if (before.has(id) || !other || same(item, other) || own(item, 'id') !== id) continue
    let next = id
    for (let n = 2; taken.has(next); n++) next = `${id.replace(/-\d+$/, '')}-${n}`
    taken.add(next)
    renamed.set(id, next)
  }
  return renamed
}
