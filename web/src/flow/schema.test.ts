import { expect, test } from 'vitest'
import { blankOf, durationFrom, formOf, kindOf, numberFrom, oneNeeded, titleOf } from './schema'

test('each schema that configurations are described by has its field', () => {
  const kinds = [
    kindOf({ type: 'string' }),
    kindOf({ type: 'string', format: 'cel' }),
    kindOf({ type: 'string', format: 'uuid' }),
    kindOf({ type: 'string' }, 'variable'),
    kindOf({ type: 'string', enum: ['a'] }),
    kindOf({ type: ['string', 'integer'] }),
    kindOf({ type: 'integer' }),
    kindOf({ type: 'boolean' }),
    kindOf({ const: ['left', 'right'], readOnly: true }),
    kindOf({ type: 'array', items: { type: 'string', format: 'uuid' } }),
    kindOf({ type: 'array', items: { type: 'string' } }, 'sensors'),
    kindOf({ type: 'array', items: { type: 'string', pattern: '^p' } }),
    kindOf({ type: 'array', items: { type: 'string', enum: ['a'] } }),
    kindOf({ type: 'array', items: { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 } }),
    kindOf({ type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 }),
    kindOf({ type: 'array', items: { oneOf: [{ type: 'string' }] } }),
    kindOf({ type: 'object', properties: { a: { type: 'string' } } }),
    kindOf({ type: 'object' }),
    kindOf({}),
  ]
  expect(kinds).toEqual([
    'text',
    'expression',
    'device',
    'sensor',
    'choice',
    'duration',
    'number',
    'flag',
    'fixed',
    'devices',
    'sensors',
    'texts',
    'choices',
    'rows',
    'tuple',
    'rows',
    'object',
    'json',
    'json',
  ])
})

test('what is typed becomes a value where it is one, and stays what it is where it is none yet', () => {
  expect(['', ' 12 ', '-1.5', '1.', '1.50', '1e5', 'abc', '007'].map(numberFrom)).toEqual([
    undefined,
    12,
    -1.5,
    '1.',
    '1.50',
    '1e5',
    'abc',
    '007',
  ])
  expect(['', '250', '5m', '1.5s'].map(durationFrom)).toEqual([undefined, 250, '5m', '1.5s'])
})

test('new rows have what they need, and forms are known by their values', () => {
  const either = {
    oneOf: [
      { type: 'string', format: 'cel-assignment' },
      {
        type: 'object',
        required: ['name'],
        properties: { name: { type: 'string' }, expression: { type: 'string' } },
      },
    ],
  }
  expect(blankOf(either)).toBe('')
  expect(blankOf(either.oneOf[1] ?? {})).toEqual({ name: '' })
  expect(blankOf({ type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 })).toEqual([0, 0])
  expect([formOf(either, 'a = 1'), formOf(either, { name: 'a' }), formOf(either, undefined)]).toEqual([
    0, 1, 0,
  ])
  const band = {
    anyOf: [{ required: ['low'] }, { required: ['highBand'] }],
    properties: { low: { title: 'Band' }, highBand: {} },
  }
  expect(oneNeeded(band)).toEqual(['Band', 'High band'])
  expect(titleOf('maxStep', {})).toBe('Max step')
})
