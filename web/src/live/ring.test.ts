import { expect, test } from 'vitest'
import { seeded } from './fake'
import { Ring } from './ring'

const values = (ring: Ring) => Array.from({ length: ring.length }, (_, i) => ring.valueAt(i))
const times = (ring: Ring) => Array.from({ length: ring.length }, (_, i) => ring.tsAt(i))

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
  expect([ring.rawAt(0), ring.rawAt(1)]).toEqual([{ lat: 1 }, true])
})

test('of buckets, the newer of a time takes the place of the older', () => {
  const ring = new Ring(4)
  ring.put(10, 1)
  ring.put(20, 2)
  ring.put(20, 5)
  ring.put(10, 7, 6, 8)
  expect(values(ring)).toEqual([7, 5])
  expect([ring.minAt(0), ring.maxAt(0)]).toEqual([6, 8])
  expect(ring.latest).toEqual({ ts: 20, value: 5 })
})

test('a ring with a width keeps the mean, the lowest and the highest of each stretch', () => {
  const ring = new Ring(8, 10)
  for (const [ts, value] of [
    [1, 2],
    [9, 4],
    [12, 100],
    [5, -6],
  ] as const) {
    ring.push(ts, value)
  }
  expect(values(ring)).toEqual([0, 100])
  expect([ring.minAt(0), ring.maxAt(0), ring.countAt(0)]).toEqual([-6, 4, 3])
  expect(ring.latest).toEqual({ ts: 12, value: 100 })
})

test('whoever has drawn is told when something that is drawn has changed', () => {
  const ring = new Ring(3, 10)
  ring.push(5, 1)
  ring.push(15, 2)
  const { revision } = ring
  // the newest entry grows, and new ones come, without anything before them becoming another
  ring.push(16, 3)
  ring.push(25, 4)
  ring.push(35, 5)
  expect(ring.revision).toBe(revision)
  ring.push(26, 9)
  expect(ring.revision).toBeGreaterThan(revision)
})

/** The same as a ring, by a plain list that is put in order each time. */
class Plain {
  all: { ts: number; value: number; n: number }[] = []
  readonly #capacity: number
  constructor(capacity: number) {
    this.#capacity = capacity
  }
  push(ts: number, value: number, n: number) {
    const oldest = this.all[0]
    if (this.all.length === this.#capacity && oldest && ts < oldest.ts) return
    if (this.all.length === this.#capacity) this.all.shift()
    this.all.push({ ts, value, n })
    this.all.sort((a, b) => a.ts - b.ts || a.n - b.n)
  }
}

test('a ring is a list in the order of time, whatever comes late, for random pushes', () => {
  const seeds = process.env['SEED'] ? [Number(process.env['SEED'])] : Array.from({ length: 200 }, (_, n) => n)
  for (const seed of seeds) {
    const random = seeded(seed)
    const upTo = (most: number) => Math.floor(random() * most)
    const capacity = 1 + upTo(12)
    const [ring, plain] = [new Ring(capacity), new Plain(capacity)]
    let now = 100
    for (let n = 0; n < 120; n++) {
      now += upTo(3)
      const ts = random() < 0.3 ? now - upTo(20) : now
      ring.push(ts, n)
      plain.push(ts, n, n)
      const where = `seed ${seed}, push ${n}`
      expect(values(ring), where).toEqual(plain.all.map(({ value }) => value))
      expect(times(ring), where).toEqual(plain.all.map(({ ts }) => ts))
      const from = now - upTo(25)
      expect(ring.first(from), where).toBe(plain.all.filter(({ ts }) => ts < from).length)
    }
  }
})

test('folding loses no spike and no value, for random pushes', () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = seeded(seed)
    const ring = new Ring(1_000, 10)
    const pushed: { ts: number; value: number }[] = []
    for (let n = 0; n < 200; n++) {
      const sample = { ts: Math.floor(random() * 400), value: Math.floor(random() * 1_000) }
      pushed.push(sample)
      ring.push(sample.ts, sample.value)
    }
    const stretches = new Set(pushed.map(({ ts }) => Math.floor(ts / 10)))
    expect(ring.length, `seed ${seed}`).toBe(stretches.size)
    for (let i = 0; i < ring.length; i++) {
      const of = pushed.filter(({ ts }) => Math.floor(ts / 10) === Math.floor(ring.tsAt(i) / 10))
      const numbers = of.map(({ value }) => value)
      expect(ring.countAt(i), `seed ${seed}`).toBe(of.length)
      expect([ring.minAt(i), ring.maxAt(i)], `seed ${seed}`).toEqual([
        Math.min(...numbers),
        Math.max(...numbers),
      ])
      expect(ring.valueAt(i)).toBeCloseTo(numbers.reduce((sum, value) => sum + value, 0) / of.length, 6)
    }
  }
})
