import { expect, test } from 'vitest'
import type { Drawing } from '../diff/drawing'
import { merge } from '../diff/merge'
import { tell } from './words'

const node = (id: string, data: object, position = { x: 0, y: 0 }) => ({ id, type: 'filter', position, data })
const base: Drawing = {
  nodes: [node('a', { label: 'Hot', expression: 'value > 30' }), node('b', { label: 'Show' })],
  edges: [{ id: 'e', source: 'a', target: 'b' }],
}
const withA = (data: object): Drawing => ({
  ...base,
  nodes: [node('a', { label: 'Hot', ...data }), base.nodes[1] as object as never],
})

test('a field is told as it was and as each side has it', () => {
  const [mine, theirs] = [withA({ expression: 'value > 40' }), withA({ expression: 'value > 50' })]
  const { conflicts } = merge(base, mine, theirs)
  expect(conflicts.map(conflict => tell(conflict, [base, mine, theirs]))).toEqual([
    {
      name: 'Hot',
      base: ['expression: value > 30'],
      mine: ['expression: value > 40'],
      theirs: ['expression: value > 50'],
    },
  ])
})

test('a node that goes is told with its edges, beside what the other made of it', () => {
  const mine = { nodes: [base.nodes[1] as never], edges: [] }
  const theirs = withA({ expression: 'value > 50' })
  const { conflicts } = merge(base, mine, theirs)
  expect(conflicts.map(conflict => tell(conflict, [base, mine, theirs]))).toEqual([
    {
      name: 'Hot',
      base: ['there', 'Hot → Show: there', 'expression: value > 30'],
      mine: ['removed', 'Hot → Show: removed'],
      theirs: ['expression: value > 50'],
    },
  ])
})

test('places are told as numbers', () => {
  const at = (x: number): Drawing => ({
    ...base,
    nodes: [node('a', { label: 'Hot', expression: 'value > 30' }, { x, y: 2.4 }), base.nodes[1] as never],
  })
  const { conflicts } = merge(base, at(10), at(20))
  expect(conflicts.map(conflict => tell(conflict, [base]))).toMatchObject([
    { base: ['at 0, 0'], mine: ['moved to 10, 2'], theirs: ['moved to 20, 2'] },
  ])
})
