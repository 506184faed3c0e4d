import { expect, test } from 'vitest'
import { duration, kindOf, progressOf } from './change'

const verdict = { valid: true, problems: [] }
const deploying = { version: 7, since: '', readings: 12_345, done: 0.426 }

test('a change is told by what it does to what runs', () => {
  expect(kindOf(verdict)).toBeUndefined()
  expect(kindOf({ ...verdict, change: 'cosmetic' })?.says).toContain('not interrupted')
  expect(kindOf({ ...verdict, change: 'hot' })?.says).toContain('goes on')
  expect(kindOf({ ...verdict, change: 'cold', looks_back_ms: 3_600_000 })?.says).toContain('the last hour of')
  expect(kindOf({ ...verdict, change: 'cold', looks_back_ms: null })?.says).toContain('over what is stored')
})

test('lengths of time are told in the largest unit that says enough', () => {
  const told = [250, 1_000, 90_000, 3_600_000, 5_400_000, 172_800_000].map(duration)
  expect(told).toEqual(['250 ms', 'second', '90 seconds', 'hour', '90 minutes', '2 days'])
})

test('progress is told as far as it is known', () => {
  expect(progressOf(null).done).toBeUndefined()
  expect(progressOf({ ...deploying, state: 'waiting' }).done).toBeUndefined()
  expect(progressOf({ ...deploying, state: 'warming_up' })).toEqual({
    says: 'It warms up: 43 %, 12,345 readings so far.',
    done: 43,
  })
  expect(progressOf({ ...deploying, state: 'cutting_over', done: 2 }).done).toBe(100)
})
