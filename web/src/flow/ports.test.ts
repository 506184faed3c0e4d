import { expect, test } from 'vitest'
import { added, configured, connected, type Diagram, EMPTY, type NodeType, nodeOf } from './diagram'
import { edgeOf, inputsOf, lostPorts, outOf, outsOf, refusal } from './ports'
import { TYPES } from './testing'

const kinds = ['device-sensor', 'filter', 'switch', 'combine', 'interval-join', 'display', 'comment']
const bare = kinds.reduce(
  (diagram, kind) => added(diagram, TYPES.get(kind) as NodeType, { x: 0, y: 0 }),
  EMPTY,
)
const drawn = connected(bare, edgeOf('device-sensor', 'out', 'filter', 'in'))
const of = (id: string, diagram: Diagram = bare) => nodeOf(diagram, id) as never

test('ports are those of the kind and of the configuration', () => {
  expect(outsOf(of('filter'), TYPES)).toEqual(['out', 'else', 'error'])
  expect(outsOf(of('switch'), TYPES)).toEqual(['default', 'error'])
  const cases = configured(bare, 'switch', {
    cases: [{ name: 'hot' }, { name: '' }, { name: 'hot' }, { name: 'true' }],
  })
  expect(outsOf(of('switch', cases), TYPES)).toEqual(['hot', 'true', 'default', 'error'])
  expect(inputsOf(of('device-sensor'), TYPES)).toEqual([])
  expect(inputsOf(of('interval-join'), TYPES)).toEqual(['left', 'right'])
  expect(inputsOf(of('combine', configured(bare, 'combine', { inputs: ['a', 'b'] })), TYPES)).toEqual([
    'a',
    'b',
  ])
  // a case may be called as a port is spelled elsewhere
  expect(outOf({ source: 'switch', target: '', sourceHandle: 'true' }, of('switch', cases), TYPES)).toBe(
    'true',
  )
  expect(outOf({ source: 'filter', target: '', sourceHandle: 'true' }, of('filter'), TYPES)).toBe('out')
  expect(outOf({ source: 'filter', target: '', sourceHandle: 'false' }, of('filter'), TYPES)).toBe('else')
  expect(outOf({ source: 'switch', target: '', sourceHandle: 'false' }, of('switch'), TYPES)).toBe('default')
})

const refused = (diagram: Diagram, source: string, out: string, target: string, input = 'in') =>
  refusal(diagram, TYPES, edgeOf(source, out, target, input)) ?? 'allowed'

test('an edge that may not be is refused with its reason', () => {
  expect(refused(drawn, 'filter', 'else', 'display')).toBe('allowed')
  // several edges may leave a port and lead to an input
  expect(refused(drawn, 'filter', 'out', 'display')).toBe('allowed')
  expect(refused(drawn, 'device-sensor', 'out', 'display')).toBe('allowed')
  expect(refused(drawn, 'filter', 'out', 'device-sensor')).toContain('is a source')
  expect(refused(drawn, 'filter', 'out', 'comment')).toContain('Nothing runs for a note')
  expect(refused(drawn, 'comment', 'out', 'display')).toContain('Nothing runs for a note')
  expect(refused(drawn, 'filter', 'late', 'display')).toContain('has no output “late”')
  expect(refused(drawn, 'filter', 'out', 'interval-join')).toContain('it has left, right')
  expect(refused(drawn, 'filter', 'out', 'combine', 'a')).toContain('name them in its configuration')
  expect(refused(drawn, 'filter', 'out', 'filter')).toContain('feed itself')
  expect(refused(drawn, 'device-sensor', 'out', 'filter')).toContain('already leads there')
  expect(refused(drawn, 'device-sensor', 'true', 'filter', 'input')).toContain('already leads there')
  expect(refused(drawn, 'filter', 'out', 'nowhere')).toContain('to another one')
  const long = connected(
    connected(drawn, edgeOf('filter', 'out', 'switch', 'in')),
    edgeOf('switch', 'error', 'display', 'in'),
  )
  expect(refused(long, 'display', 'out', 'filter')).toContain('in a circle')
})

test('a port that an edge has and the node has not any more is told', () => {
  const gone = connected(drawn, edgeOf('switch', 'warm', 'display', 'in'))
  expect(lostPorts(of('switch', gone), gone.edges, TYPES)).toEqual({ outs: ['warm'], inputs: [] })
})
