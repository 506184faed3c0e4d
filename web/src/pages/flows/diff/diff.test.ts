import { expect, test } from 'vitest'
import { apply, byItem, type Change, diff, isSame } from './diff'
import type { Drawing } from './drawing'
import { same } from './json'
import { Chance, PATIENCE_MS, seeds } from './random'

const node = (id: string, data: object = {}, more: object = {}) => ({
  id,
  type: 'filter',
  position: { x: 0, y: 0 },
  data: { label: id, ...data },
  ...more,
})

/** What differs, in short. */
function told(base: Drawing, other: Drawing): string[] {
  return diff(base, other).map(change => {
    const where = change.kind === 'changed' ? `.${change.path.join('.')}` : ''
    return `${change.kind} ${change.what} ${change.id}${where}`
  })
}

test('nodes and edges that came and went, fields that changed, and nodes that were moved', () => {
  const base = {
    nodes: [node('a'), node('b', { expression: 'value > 30', deep: { x: 1, y: 2 } }), node('c')],
    edges: [{ id: 'e', source: 'a', target: 'b' }],
  }
  const other = {
    nodes: [
      node('d'),
      node('a', {}, { position: { x: 9, y: 0 } }),
      node('b', { expression: 'value > 40', deep: { x: 1, z: 3 } }),
    ],
    edges: [{ id: 'e', source: 'a', target: 'b', sourceHandle: 'else' }],
  }
  expect(told(base, other)).toEqual([
    'moved node a',
    'changed node b.data.expression',
    'changed node b.data.deep.y',
    'changed node b.data.deep.z',
    'removed node c',
    'added node d',
    'changed edge e.sourceHandle',
  ])
  expect(byItem(diff(base, other)).map(({ id, changes }) => [id, changes.length])).toEqual([
    ['a', 1],
    ['b', 3],
    ['c', 1],
    ['d', 1],
    ['e', 1],
  ])
})

test('what the editor keeps for the moment, and the order, are no difference', () => {
  const base = { nodes: [node('a'), node('b')], edges: [] }
  const other = { nodes: [node('b', {}, { selected: true, measured: { width: 9 } }), node('a')], edges: [] }
  expect(isSame(base, other)).toBe(true)
  expect(told({ ...base, about: { name: 'one' } }, { ...other, about: { name: 'two' } })).toEqual([
    'changed flow .name',
  ])
})

test('items without an id of their own are not lost', () => {
  const base = { nodes: [node('a'), node('a', { x: 1 })], edges: [{ source: 'a' }] }
  expect(apply({ nodes: [], edges: [] }, diff({ nodes: [], edges: [] }, base))).toMatchObject(base)
})

test('what is not there, what is nothing and what is empty are three things', () => {
  expect(same({ a: undefined }, {})).toBe(true)
  expect(same({ a: null }, {})).toBe(false)
  expect(same({}, [])).toBe(false)
  expect(same([1, [2]], [1, [2]])).toBe(true)
  expect(same([1, 2], [1])).toBe(false)
})

test(
  'the difference, done to the first, is the second',
  () => {
    for (const seed of seeds) {
      const chance = new Chance(seed)
      const base = chance.drawing()
      // a drawing of its own now and then: nothing in common but some ids
      let other = chance.upTo(4) === 0 ? new Chance(seed + 1).drawing() : base
      for (let n = chance.upTo(8); n > 0; n--) other = chance.edit(other)
      const changes = diff(base, other)
      const made = apply(base, changes)
      expect(isSame(made, other), `seed ${seed}`).toBe(true)
      // seen by itself, not by what is tested
      const sorted = (items: readonly object[]) => items.map(item => canonical(item)).sort()
      expect(sorted(made.nodes), `seed ${seed}`).toEqual(sorted(other.nodes))
      expect(sorted(made.edges), `seed ${seed}`).toEqual(sorted(other.edges))
      expect(canonical(made.about), `seed ${seed}`).toBe(canonical(other.about))
      expect(isSame(apply(other, back(changes)), base), `seed ${seed}`).toBe(true)
    }
  },
  PATIENCE_MS,
)

/** The changes the other way round. */
function back(changes: readonly Change[]): Change[] {
  return changes.map((change): Change => {
    if (change.kind === 'added') return { ...change, kind: 'removed' }
    if (change.kind === 'removed') return { ...change, kind: 'added' }
    return { ...change, before: change.after, after: change.before }
  })
}

/** JSON with its keys in order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  )
}
