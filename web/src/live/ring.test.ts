import { expect, test } from 'vitest'
import { Ring } from './ring'

const values = (ring: Ring) => Array.from({ length: ring.length }, (_, i) => ring.valueAt(i))

test('a ring keeps the newest values and forgets the oldest', () => {
  const ring = new Ring(3)
  for (let n = 1; n <= 5; n++) ring.push(n * 10, n)
  expect(values(ring)).toEqual([3, 4, 5])
  expect(ring.tsAt(0)).toBe(30)
  ring.clear()
  expect([ring.length, ring.latest]).toEqual([0, undefined])
})

test('spikes that were folded away stay in min and max', () => {
  const ring = new Ring(2)
  ring.push(1, 5, -7, 99)
  ring.push(2, 6, null, null)
  expect([ring.minAt(0), ring.maxAt(0), ring.minAt(1), ring.maxAt(1)]).toEqual([-7, 99, 6, 6])
})

test('a value that comes late is put in order and is not the latest', () => {
  const ring = new Ring(4)
  ring.push(10, 1)
  ring.push(30, 3)
  ring.push(20, 2)
  expect(ring.latest).toEqual({ ts: 30, value: 3 })
  expect(values(ring)).toEqual([1, 2, 3])
})

test('what is no number is a hole to draw and whole to read', () => {
  const ring = new Ring(4)
  ring.push(1, { lat: 1 })
  expect(ring.valueAt(0)).toBeNaN()
  expect(ring.latest?.value).toEqual({ lat: 1 })
  ring.push(2, true)
  expect(ring.valueAt(1)).toBe(1)
})
