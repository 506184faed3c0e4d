import { expect, test } from 'vitest'
import { ago } from './time'
import { shown } from './value'

test('an age is told in its largest unit, and what is just ahead is now', () => {
  const now = Date.UTC(2026, 0, 1)
  const told = [-5_000, 1_000, 12_000, 59_999, 60_000, 3_599_999, 7_200_000, 86_400_000 * 3].map(ms =>
    ago(now - ms, now),
  )
  expect(told).toEqual([
    'now',
    'now',
    '12 s ago',
    '59 s ago',
    '1 min ago',
    '59 min ago',
    '2 h ago',
    '3 d ago',
  ])
})

test('numbers have six digits that count, and the rest is shown as it was sent', () => {
  const told = [0.1 + 0.2, 1_234_567.891, 21, -0.000012345678, 'on', true, null, { lat: 1 }].map(shown)
  expect(told).toEqual(['0.3', '1234570', '21', '-0.0000123457', 'on', 'true', 'null', '{"lat":1}'])
})
