import { expect, test } from 'vitest'
import { sourcesOf, triggerData, valuesOf } from './given'
import { fromField, toField, wrongWith } from './range'
import { comparisonOf, effectsOf, progressOf, recordsOf } from './results'

test('differences come first, and of them the most', () => {
  const of = (changed: number, only_draft: number, differences: object[] = []) => ({
    same: 5,
    changed,
    only_draft,
    only_deployed: 0,
    differences,
    is_cut: false,
  })
  const difference = {
    device_id: 'd',
    sensor_type: 't',
    timestamp: '2026-01-01T00:00:00Z',
    draft: 2,
    deployed: null,
  }
  const told = comparisonOf({
    compared_with_deployed: {
      same: false,
      nodes: { alike: of(0, 0), few: of(1, 0), many: of(0, 9, [difference]) },
    },
  })
  expect(told?.isSame).toBe(false)
  expect(told?.nodes.map(({ node }) => node)).toEqual(['many', 'few', 'alike'])
  expect(told?.nodes[0]?.differences).toEqual([
    { device: 'd', sensor: 't', timestamp: '2026-01-01T00:00:00Z', draft: 2, deployed: undefined },
  ])
  expect(comparisonOf({ readings: 7 })).toBeUndefined()
})

test('what a node was given stands before what it put out, port by port', () => {
  const one = { device_id: 'd', sensor_type: 't', timestamp: 'x', value: 1, unit: 'C', fields: { min: 0 } }
  const records = recordsOf(
    { count: 1, records: [one] },
    { out: [], error: [{ ...one, reason: 'not_a_number' }], late_count: 3 },
  )
  expect(records.map(({ port }) => port)).toEqual(['in', 'error'])
  expect(records[1]?.records[0]).toMatchObject({
    value: 1,
    unit: 'C',
    fields: { min: 0 },
    reason: 'not_a_number',
  })
  expect(recordsOf({ left_out_bytes: 9_000 }, {})).toEqual([])
  expect(effectsOf({ effects: [{ node: 'n', type: 'display', count: 2, first: null }] })).toEqual([
    { node: 'n', type: 'display', count: 2, first: undefined },
  ])
})

test('progress is a part of the range, as far as it is told', () => {
  const at = '1970-01-01T00:00:01Z'
  expect(progressOf({ readings: 7, at }, 0, 4_000)).toEqual({ readings: 7, done: 25 })
  expect(progressOf({}, 0, 4_000)).toEqual({ readings: 0, done: undefined })
})

test('lines are JSON where they are, and text otherwise', () => {
  expect(valuesOf('21.5\n\n  true \nhot\n{"value": 1, "unit": "C"}\n"7"')).toEqual([
    21.5,
    true,
    'hot',
    { value: 1, unit: 'C' },
    '7',
  ])
  const data = triggerData(
    new Map([
      ['a', '1\n2'],
      ['b', ''],
    ]),
  )
  expect(data).toEqual({ data: { a: [1, 2] } })
  expect(triggerData(new Map([['a', '{"value": 1']]))).toMatchObject({
    trouble: expect.stringContaining('no JSON'),
  })
  expect(triggerData(new Map([['a', ' ']]))).toMatchObject({ trouble: expect.stringContaining('No value') })
  const many = triggerData(new Map([['a', '1\n'.repeat(1_001)]]))
  expect(many).toMatchObject({ trouble: expect.stringContaining('1001') })
})

test('sources are the nodes that take readings', () => {
  const nodes = ['device-sensor', 'filter', 'device'].map(type => ({ id: type, type }))
  expect(sourcesOf({ nodes, edges: [] })).toEqual(['device-sensor', 'device'])
})

test('a time goes into a field and comes back, and a range has to be one', () => {
  const now = Date.UTC(2026, 5, 1, 12, 30, 15)
  expect(fromField(toField(now))).toBe(now)
  expect(fromField('')).toBeUndefined()
  expect(wrongWith(1, undefined, 9)).toContain('both')
  expect(wrongWith(5, 5, 9)).toContain('before')
  expect(wrongWith(10, 12, 9)).toContain('ahead')
  expect(wrongWith(1, 12, 9)).toBeUndefined()
})
