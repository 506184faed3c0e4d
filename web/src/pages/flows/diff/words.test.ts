import { expect, test } from 'vitest'
import { diff } from './diff'
import { picture } from './picture'
import { say, summary, text } from './words'

const node = (id: string, x: number, data: object = {}, more: object = {}) => ({
  id,
  type: 'filter',
  position: { x, y: 0 },
  data,
  ...more,
})
const base = {
  nodes: [node('a', 0, { label: 'Pump' }), node('b', 300, { expression: 'value > 30' }), node('gone', 600)],
  edges: [
    { id: 'ab', source: 'a', target: 'b' },
    { id: 'bg', source: 'b', target: 'gone', sourceHandle: 'else' },
  ],
}
const other = {
  nodes: [node('a', 100, { label: 'Pump' }), node('b', 300, { expression: 'value > 40' })],
  edges: [{ id: 'ab', source: 'a', target: 'b' }],
}
const changes = diff(base, other)

test('what changed is told by names, what does something else before what was only moved', () => {
  const told = say(base, other, changes).map(({ mark, name, fields }) => [mark, name, fields])
  expect(told).toEqual([
    ['removed', 'filter (gone)', []],
    ['removed', 'filter (b) (else) → filter (gone)', []],
    ['changed', 'filter (b)', [{ label: 'expression', before: 'value > 30', after: 'value > 40' }]],
    ['moved', 'Pump', []],
  ])
  expect(summary(changes)).toBe('1 node removed, 1 edge removed, 1 node changed, 1 node moved')
  expect(summary([])).toBe('No difference')
})

test('the picture has what is there and what went, where it is', () => {
  const { boxes, lines, frame } = picture(base, other, changes)
  expect(boxes.map(({ id, x, mark }) => [id, x, mark])).toEqual([
    ['a', 100, 'moved'],
    ['b', 300, 'changed'],
    ['gone', 600, 'removed'],
  ])
  expect(lines.map(({ id, mark }) => [id, mark])).toEqual([
    ['ab', 'same'],
    ['bg', 'removed'],
  ])
  expect(frame).toEqual([76, -24, 748, 112])
})

test('a node in a group stands where the group is, and a circle of groups ends', () => {
  const group = node('g', 1_000, {}, { width: 500, height: 300, parentId: 'c' })
  const child = node('c', 10, {}, { parentId: 'g' })
  const drawing = { nodes: [child, group], edges: [] }
  const { boxes } = picture(drawing, drawing, [])
  expect(boxes.map(({ id, x }) => [id, x])).toEqual([
    ['g', 1_010],
    ['c', 1_010],
  ])
  expect(picture({ nodes: [], edges: [] }, { nodes: [], edges: [] }, []).boxes).toEqual([])
})

test('values of fields are told whole, unless nobody would read them', () => {
  expect([undefined, '', null, 0.1 + 0.2, true, [1]].map(text)).toEqual([
    'not set',
    'empty',
    'null',
    '0.3',
    'true',
    '[\n 1\n]',
  ])
  expect(text('x'.repeat(9_999))).toHaveLength(401)
})
