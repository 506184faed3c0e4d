import { expect, test } from 'vitest'
import type { FlowMetrics } from '../../../api/flow_metrics'
import { edgeText, rateOf, rateText } from './rates'

const metrics = (counts: object, installed_at = 'a') =>
  ({
    state: 'running',
    installed_at,
    nodes: [{ id: 'n', out_per_s: 5, errors: 0, late: 0, filtered: 0, ...counts }],
  }) as unknown as FlowMetrics

const looks = (now: object, before: object, installed?: string) => ({
  now: { at: 3_000, metrics: metrics(now) },
  before: { at: 1_000, metrics: metrics(before, installed) },
})

test('out has the rate that the server tells, other ports that of their counts', () => {
  const both = looks({ errors: 30, filtered: 8 }, { errors: 10, filtered: 8 })
  expect(rateOf(both, 'n', 'out')).toBe(5)
  expect(rateOf(both, 'n', 'error')).toBe(10)
  expect(rateOf(both, 'n', 'else')).toBe(0)
})

test('what is not counted by itself, or not by the same version, has none', () => {
  const both = looks({ errors: 30 }, { errors: 10 })
  expect(rateOf(both, 'n', 'a case')).toBeUndefined()
  expect(rateOf(both, 'other', 'out')).toBeUndefined()
  expect(rateOf({ ...both, before: undefined }, 'n', 'error')).toBeUndefined()
  expect(rateOf(looks({ errors: 1 }, { errors: 10 }, 'b'), 'n', 'error')).toBeUndefined()
})

test('rates are short, and an edge shows what is known', () => {
  const told = [0, 0.04, 1.26, 42.4, 999, 1_234, 56_789].map(rateText)
  expect(told).toEqual(['0/s', '<0.1/s', '1.3/s', '42/s', '999/s', '1.2k/s', '57k/s'])
  expect(edgeText('21.5 C', 2)).toBe('21.5 C · 2.0/s')
  expect(edgeText(undefined, 2)).toBe('2.0/s')
  expect(edgeText('x'.repeat(99), undefined)).toHaveLength(14)
  expect(edgeText(undefined, undefined)).toBe('')
})
