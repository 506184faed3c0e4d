import { expect, test } from 'vitest'
import { apply, diff, isSame } from './diff'
import type { Drawing } from './drawing'
import { same } from './json'
import { merge, resolve, type Side } from './merge'
import { Chance, dangling, PATIENCE_MS, seeds } from './random'

const node = (id: string, data: object = {}) => ({ id, type: 'filter', position: { x: 0, y: 0 }, data })
const edge = (id: string, source: string, target: string, more: object = {}) => ({
  id,
  source,
  target,
  ...more,
})

const base: Drawing = {
  nodes: [node('a', { x: 1, y: 1 }), node('b'), node('c')],
  edges: [edge('ab', 'a', 'b'), edge('bc', 'b', 'c')],
  about: { name: 'flow' },
}
const without = (id: string): Drawing => ({
  ...base,
  nodes: base.nodes.filter(other => other['id'] !== id),
  edges: base.edges.filter(({ source, target }) => source !== id && target !== id),
})
const withNode = (id: string, data: object): Drawing => ({
  ...base,
  nodes: base.nodes.map(other => (other['id'] === id ? { ...other, data } : other)),
})
/** Everything of one side. */
const all = (of: ReturnType<typeof merge>, side: Side) =>
  resolve(of, new Map(of.conflicts.map(({ id }) => [id, side])))

test('two who change different fields of a node both have their way', () => {
  const merged = merge(base, withNode('a', { x: 2, y: 1 }), withNode('a', { x: 1, y: 2 }))
  expect(merged.conflicts).toEqual([])
  expect(resolve(merged, new Map()).nodes[0]).toEqual(node('a', { x: 2, y: 2 }))
})

test('of the same field it has to be chosen, and the same change is none', () => {
  const merged = merge(base, withNode('a', { x: 2, y: 5 }), withNode('a', { x: 3, y: 5 }))
  expect(merged.conflicts).toHaveLength(1)
  expect(resolve(merged, new Map()).nodes[0]).toEqual(node('a', { x: 1, y: 5 }))
  expect(all(merged, 'mine').nodes[0]).toEqual(node('a', { x: 2, y: 5 }))
  expect(all(merged, 'theirs').nodes[0]).toEqual(node('a', { x: 3, y: 5 }))
})

test('a node that one removes and the other changes stays whole with its edges, or goes with them', () => {
  const merged = merge(base, without('b'), withNode('b', { expression: 'value > 1' }))
  expect(merged.conflicts).toHaveLength(1)
  expect(isSame(all(merged, 'mine'), without('b'))).toBe(true)
  expect(isSame(all(merged, 'theirs'), withNode('b', { expression: 'value > 1' }))).toBe(true)
})

test('a new edge keeps its ends from being removed without asking', () => {
  const theirs = { ...base, edges: [...base.edges, edge('ac', 'a', 'c')] }
  const merged = merge(base, without('c'), theirs)
  expect(merged.conflicts).toHaveLength(1)
  expect(isSame(all(merged, 'mine'), without('c'))).toBe(true)
  expect(isSame(all(merged, 'theirs'), theirs)).toBe(true)
})

test('whoever removes a node leaves alone what the other put beside it', () => {
  const d = node('d')
  const theirs = { ...base, nodes: [...base.nodes, d], edges: [...base.edges, edge('cd', 'c', 'd')] }
  const merged = merge(base, without('c'), theirs)
  expect(all(merged, 'mine').nodes).toContainEqual(d)
  expect(dangling(all(merged, 'mine'))).toEqual([])
})

test('an edge that one relabels and the other removes with its node is asked about as a whole', () => {
  const theirs = { ...base, edges: [edge('ab', 'a', 'b', { label: 'hot' }), edge('bc', 'b', 'c')] }
  const merged = merge(base, without('b'), theirs)
  expect(merged.conflicts).toHaveLength(1)
  expect(isSame(all(merged, 'theirs'), theirs)).toBe(true)
  expect(isSame(all(merged, 'mine'), without('b'))).toBe(true)
})

test('a place is chosen with the group that it is measured from', () => {
  const at = (more: object): Drawing => ({
    ...base,
    nodes: [{ ...node('a', { x: 1, y: 1 }), ...more }, node('b'), node('c')],
  })
  const mine = at({ parentId: 'b', position: { x: 1, y: 1 } })
  const theirs = at({ position: { x: 500, y: 0 } })
  const merged = merge(base, mine, theirs)
  expect(merged.conflicts).toHaveLength(1)
  expect(isSame(all(merged, 'mine'), mine)).toBe(true)
  expect(isSame(all(merged, 'theirs'), theirs)).toBe(true)
})

test('two who each add a node under the same id have added two, with the edges of each', () => {
  const adds = (data: object, to: string): Drawing => ({
    ...base,
    nodes: [...base.nodes, node('filter-2', data)],
    edges: [...base.edges, edge(`filter-2-${to}`, 'filter-2', to), edge('a-filter-2', 'a', 'filter-2')],
  })
  const merged = merge(base, adds({ expression: 'value > 1' }, 'b'), adds({ expression: 'value > 2' }, 'c'))
  expect(merged.conflicts).toEqual([])
  const { nodes, edges } = resolve(merged, new Map())
  const of = (id: unknown) => edges.filter(({ source, target }) => source === id || target === id)
  const made = nodes.slice(3).map(({ id, data }) => [data, of(id).map(({ target }) => target)])
  expect(made).toHaveLength(2)
  expect(made).toContainEqual([
    { expression: 'value > 1' },
    ['b', nodes.find(({ data }) => same(data, { expression: 'value > 1' }))?.['id']],
  ])
  expect(made).toContainEqual([{ expression: 'value > 2' }, ['c', 'filter-2']])
  // the same added by both is one
  const alike = merge(base, adds({}, 'b'), adds({}, 'b'))
  expect(resolve(alike, new Map()).nodes).toHaveLength(4)
})

test(
  'edits of different nodes and edges are all kept, whoever made them',
  () => {
    let both = 0
    for (const seed of seeds) {
      const chance = new Chance(seed)
      const from = chance.drawing()
      // each may touch half of what there is, and neither removes what the other needs
      const mine = edited(seed * 2 + 1, 'm', from, id => Number(String(id).slice(1)) % 2 === 0)
      const theirs = edited(seed * 2 + 2, 't', from, id => Number(String(id).slice(1)) % 2 === 1)
      const merged = merge(from, mine, theirs)
      if (needsOfOther(from, mine, theirs)) continue
      both += 1
      expect(merged.conflicts, `seed ${seed}`).toEqual([])
      const made = resolve(merged, new Map())
      const wanted = apply(apply(from, diff(from, mine)), diff(from, theirs))
      expect(isSame(made, wanted), `seed ${seed}`).toBe(true)
      expect(diff(from, made), `seed ${seed}`).toHaveLength(
        diff(from, mine).length + diff(from, theirs).length,
      )
    }
    // most have to be such, or the test says nothing
    if (seeds.length > 1) expect(both).toBeGreaterThan(seeds.length / 4)
  },
  PATIENCE_MS,
)

test(
  'whatever two do to a flow: taking all of one side keeps all that it did, and no edge ends in nothing',
  () => {
    let conflicts = 0
    for (const seed of seeds) {
      const from = new Chance(seed).drawing()
      const mine = edited(seed * 2 + 1, 'm', from)
      const theirs = edited(seed * 2 + 2, 't', from)
      const merged = merge(from, mine, theirs)
      conflicts += merged.conflicts.length
      const made = all(merged, 'mine')
      for (const change of diff(from, mine)) {
        const now = diff(from, made).some(other => same(change, other))
        expect(now, `seed ${seed}: lost ${JSON.stringify(change)}`).toBe(true)
      }
      // the same seen from the other chair
      const turned = all(merge(from, theirs, mine), 'theirs')
      expect(isSame(made, turned), `seed ${seed}`).toBe(true)
      const chance = new Chance(seed)
      const any = new Map(merged.conflicts.map(({ id }) => [id, chance.pick<Side>(['mine', 'theirs'])]))
      for (const result of [made, all(merged, 'theirs'), resolve(merged, any), resolve(merged, new Map())]) {
        expect(dangling(result), `seed ${seed}`).toEqual([])
      }
      expect(new Set(merged.conflicts.map(({ id }) => id)).size).toBe(merged.conflicts.length)
    }
    if (seeds.length > 1) expect(conflicts).toBeGreaterThan(40)
  },
  PATIENCE_MS,
)

function edited(seed: number, mark: string, from: Drawing, may?: (id: unknown) => boolean): Drawing {
  const chance = new Chance(seed, mark)
  let now = from
  for (let n = 1 + chance.upTo(5); n > 0; n--) now = chance.edit(now, may)
  return now
}

/** Whether one removed a node that an edge of the other's has need of, or both touched an edge. */
function needsOfOther(from: Drawing, mine: Drawing, theirs: Drawing): boolean {
  const put = apply(apply(from, diff(from, mine)), diff(from, theirs))
  const other = apply(apply(from, diff(from, theirs)), diff(from, mine))
  const touched = (of: Drawing) => new Set(diff(from, of).map(({ what, id }) => `${what} ${id}`))
  const [a, b] = [touched(mine), touched(theirs)]
  return dangling(put).length > 0 || dangling(other).length > 0 || [...a].some(name => b.has(name))
}
