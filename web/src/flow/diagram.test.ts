import { expect, test } from 'vitest'
import { copied, pasted, readClip } from './clipboard'
import {
  added,
  configured,
  connected,
  type Diagram,
  EMPTY,
  isSame,
  moved,
  type NodeType,
  opened,
  removed,
} from './diagram'
import { edgeAt, freePlace, isGroup, placesOf, shapeOf } from './geometry'
import { grouped, settled, withinOf } from './groups'
import { inserted } from './insert'
import { edgeOf } from './ports'
import { numbers, randomEdit, TYPES } from './testing'
import { tidied } from './tidy'

const type = (kind: string) => TYPES.get(kind) as NodeType
const chain = ['device-sensor', 'filter', 'display'].reduce(
  (diagram, kind, n) => added(diagram, type(kind), { x: n * 300, y: 0 }),
  EMPTY,
)
const drawn = connected(
  connected(chain, edgeOf('device-sensor', 'out', 'filter', 'in')),
  edgeOf('filter', 'else', 'display', 'in'),
)

test('what is not known of a diagram is kept through edits', () => {
  const raw = {
    nodes: [
      { id: 'a', type: 'filter', position: { x: 1, y: 2 }, data: { label: 'A', mine: [1] }, dragging: false },
      { id: 'b', type: 'display', position: { x: 3, y: 4 }, data: {}, style: { color: 'teal' } },
    ],
    edges: [{ id: 'e', source: 'a', target: 'b', sourceHandle: 'else', animated: true }],
  }
  const diagram = opened(raw)
  expect(diagram).toEqual(raw)
  expect(diagram.nodes[0]).toBe(raw.nodes[0])
  const after = configured(moved(diagram, new Map([['b', { x: 8, y: 8 }]])), 'a', {
    label: 'A',
    mine: [1],
    expression: 'true',
  })
  expect(after.nodes[0]?.['dragging']).toBe(false)
  expect(after.nodes[0]?.data['mine']).toEqual([1])
  expect(after.nodes[1]?.['style']).toEqual({ color: 'teal' })
  expect(after.edges).toBe(diagram.edges)
})

test('what has no id, no place or no ends is given such that it can be drawn, and the rest stays', () => {
  const { nodes, edges } = opened({
    nodes: [{ type: 'filter' }, { id: 'a', type: 'filter', position: { x: 0, y: 0 }, data: {} }, { id: 'a' }],
    edges: [{ source: 'a' }, { id: '', source: 'a', target: 'b' }],
  })
  expect(nodes.map(({ id }) => id)).toEqual(['node', 'a', 'a-2'])
  expect(nodes.every(({ position }) => Number.isFinite(position.x + position.y))).toBe(true)
  expect(edges.map(({ id, target }) => [id, target])).toEqual([
    ['edge', ''],
    ['edge-2', 'b'],
  ])
})

test('an edit that changes nothing gives back what it got, and what it does not touch is the same object', () => {
  expect(moved(drawn, new Map([['filter', { x: 300, y: 0 }]]))).toBe(drawn)
  const after = moved(drawn, new Map([['filter', { x: 300, y: 8 }]]))
  expect(after.nodes[0]).toBe(drawn.nodes[0])
  expect(after.edges).toBe(drawn.edges)
  expect(isSame(drawn, opened(JSON.parse(JSON.stringify(drawn))))).toBe(true)
  expect(isSame(drawn, after)).toBe(false)
})

test('a node takes its edges along when it is deleted', () => {
  const after = removed(drawn, new Set(['filter']))
  expect(after.nodes.map(({ id }) => id)).toEqual(['device-sensor', 'display'])
  expect(after.edges).toEqual([])
})

test('what is copied and pasted has ids of its own and the edges within it', () => {
  const clip = readClip(copied(drawn, new Set(['filter', 'display'])))
  if (typeof clip === 'string') throw new Error(clip)
  const told = pasted(drawn, clip, { x: 32, y: 32 })
  if (typeof told === 'string') throw new Error(told)
  expect([...told.nodes]).toEqual(['filter-2', 'display-2'])
  expect(
    told.diagram.edges.map(({ source, target, sourceHandle }) => [source, sourceHandle, target]),
  ).toEqual([
    ['device-sensor', undefined, 'filter'],
    ['filter', 'else', 'display'],
    ['filter-2', 'else', 'display-2'],
  ])
  expect(new Set(told.diagram.edges.map(({ id }) => id)).size).toBe(3)
  expect(told.diagram.nodes.at(-1)?.position).toEqual({ x: 632, y: 32 })
})

test('what cannot be pasted is refused with what to do', () => {
  expect(readClip('hello')).toContain('no JSON')
  expect(readClip('7')).toContain('needs a list “nodes”')
  expect(readClip('{"nodes":[7]}')).toContain('no diagram')
  expect(readClip('{"nodes":[]}')).toContain('no node')
  const many = {
    nodes: Array.from({ length: 499 }, (_, n) => ({ ...chain.nodes[1], id: `n${n}` })),
    edges: [],
  } as Diagram
  expect(pasted(many, chain, { x: 0, y: 0 })).toContain('room for 1 more')
})

test('a group stands around its nodes, moves with them, and leaves them where they are when it is taken apart', () => {
  const before = placesOf(drawn)
  const together = grouped(drawn, new Set(['filter', 'display']), TYPES)
  const group = together.nodes.find(isGroup)
  if (!group) throw new Error('there is no group')
  expect(placesOf(together).get('display')).toEqual(before.get('display'))
  expect(withinOf(together)(together.nodes.at(-1) as never, new Set([group.id]))).toBe(true)
  // groups come before what is in them
  expect(together.nodes.findIndex(isGroup)).toBeLessThan(
    together.nodes.findIndex(({ id }) => id === 'filter'),
  )
  const there = moved(together, new Map([[group.id, { x: group.position.x + 80, y: group.position.y }]]))
  expect(placesOf(there).get('filter')?.x).toBe(380)
  const apart = removed(there, new Set([group.id]))
  expect(apart.nodes.map(({ id, parentId, position }) => [id, parentId, position.x])).toEqual([
    ['device-sensor', undefined, 0],
    ['filter', undefined, 380],
    ['display', undefined, 680],
  ])
  expect(apart.edges).toEqual(drawn.edges)
})

test('a node that is moved out of a group leaves it, and one that is moved onto it joins', () => {
  const together = grouped(drawn, new Set(['filter', 'display']), TYPES)
  const away = moved(together, new Map([['display', { x: 4_000, y: 0 }]]))
  const left = settled(away, new Set(['display']), TYPES)
  expect(left.nodes.find(({ id }) => id === 'display')?.parentId).toBeUndefined()
  expect(placesOf(left).get('display')).toEqual(placesOf(away).get('display'))
  const onto = settled(
    moved(left, new Map([['device-sensor', { x: 320, y: 8 }]])),
    new Set(['device-sensor']),
    TYPES,
  )
  expect(onto.nodes.find(({ id }) => id === 'device-sensor')?.parentId).toBe('group')
  expect(onto.nodes.findIndex(isGroup)).toBe(0)
  expect(placesOf(onto).get('device-sensor')).toEqual({ x: 320, y: 8 })
})

test('a node that is dropped on an edge comes between its ends, by the port that it left', () => {
  const edge = edgeAt(drawn, TYPES, { x: 550, y: 60 })
  expect(edge).toBe('filter:else-display:in')
  expect(edgeAt(drawn, TYPES, { x: 550, y: 400 })).toBeUndefined()
  const more = added(drawn, type('moving-average'), { x: 500, y: 0 })
  const after = inserted(more, TYPES, edge as string, 'moving-average')
  expect(after?.edges.map(({ source, target, sourceHandle }) => [source, sourceHandle, target])).toEqual([
    ['device-sensor', undefined, 'filter'],
    ['filter', 'else', 'moving-average'],
    ['moving-average', undefined, 'display'],
  ])
  // a source has no input, and what is connected stays as it is
  expect(
    inserted(added(drawn, type('device-sensor'), { x: 0, y: 0 }), TYPES, edge as string, 'device-sensor-2'),
  ).toBeUndefined()
  expect(inserted(drawn, TYPES, edge as string, 'device-sensor')).toBeUndefined()
})

test('a new card covers no other one', () => {
  let diagram = drawn
  for (let n = 0; n < 20; n++)
    diagram = added(diagram, type('filter'), freePlace(diagram, TYPES, { x: 300, y: 3 }, 104))
  const boxes = diagram.nodes.map(node => ({ ...node.position, ...shapeOf(node, TYPES) }))
  const meets = boxes.some((a, n) =>
    boxes
      .slice(n + 1)
      .some(b => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height),
  )
  expect(meets).toBe(false)
})

test('tidy puts nodes along the way of their records, leaves notes, and moves only what it is asked to', async () => {
  const heap = drawn.nodes.reduce(
    (diagram, { id }) => moved(diagram, new Map([[id, { x: 96, y: 48 }]])),
    added(drawn, type('comment'), { x: 5, y: 5 }),
  )
  const all = await tidied(heap, TYPES)
  expect([...all.keys()].sort()).toEqual(['device-sensor', 'display', 'filter'])
  const x = (id: string) => all.get(id)?.x ?? 0
  expect(x('device-sensor')).toBe(96)
  expect(x('filter')).toBeGreaterThanOrEqual(x('device-sensor') + 200)
  expect(x('display')).toBeGreaterThanOrEqual(x('filter') + 200)
  const two = await tidied(heap, TYPES, new Set(['filter', 'display']))
  expect([...two.keys()].sort()).toEqual(['display', 'filter'])
})

test('random edits leave diagrams whole: ids of their own, ends that are there, groups before their nodes', {
  timeout: 60_000,
}, () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
  const random = numbers(seed)
  let diagram = EMPTY
  for (let step = 0; step < 1_000; step++) {
    diagram = randomEdit(diagram, random)
    if (diagram.nodes.length > 80) diagram = EMPTY
    const at = new Map(diagram.nodes.map(({ id }, n) => [id, n]))
    const wrong = [
      at.size !== diagram.nodes.length && 'two nodes of one id',
      new Set(diagram.edges.map(({ id }) => id)).size !== diagram.edges.length && 'two edges of one id',
      ...diagram.edges.map(
        ({ id, source, target }) => !(at.has(source) && at.has(target)) && `no ends: ${id}`,
      ),
      ...diagram.nodes.map(
        ({ id, parentId }, n) =>
          parentId !== undefined && !((at.get(parentId) ?? n) < n) && `before its group: ${id}`,
      ),
    ]
    expect(wrong.filter(Boolean), `SEED=${seed}, step ${step}`).toEqual([])
  }
})
