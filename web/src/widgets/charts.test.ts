/** The arithmetic of charts: what is seen, where gaps are, how values fold, what belongs together. */
import { expect, test } from 'vitest'
import { seeded } from '../live/fake'
import { Ring } from '../live/ring'
import { arc, bands, slice } from './arc'
import { binsOf } from './bins'
import { marksOf } from './marks'
import { pairs } from './pairs'
import { newestRows } from './rows'
import { columns, extent, gapMs, padded, seen, settled, snapped } from './scale'
import { heading, slopeOf } from './trend'

function ringOf(values: readonly (readonly [ts: number, value: unknown])[], capacity = 100): Ring {
  const ring = new Ring(capacity)
  for (const [ts, value] of values) ring.push(ts, value)
  return ring
}

test('what is seen of a line has one more value on each side', () => {
  const ring = ringOf([0, 10, 20, 30, 40].map(ts => [ts, ts]))
  expect(seen(ring, 15, 25)).toEqual({ begin: 1, end: 4 })
  expect(seen(ring, -5, 100)).toEqual({ begin: 0, end: 5 })
  expect(seen(ring, 50, 60)).toEqual({ begin: 4, end: 5 })
  expect(extent(ring, 10, 30)).toEqual({ low: 10, high: 20 })
  expect(extent(ring, 41, 60)).toBeUndefined()
})

test('spikes that were folded away are in the scale, and what is no number is not', () => {
  const ring = new Ring(5)
  ring.push(1, 5, -50, 70)
  ring.push(2, 'open')
  expect(extent(ring, 0, 3)).toEqual({ low: -50, high: 70 })
})

test('a scale has room, and what somebody has fixed holds', () => {
  expect(padded({ low: 0, high: 100 }, undefined, undefined)).toEqual({ low: -6, high: 106 })
  expect(padded({ low: 0, high: 100 }, 0, 50)).toEqual({ low: 0, high: 50 })
  expect(padded({ low: 7, high: 7 }, undefined, undefined)).toEqual({ low: 6.5, high: 7.5 })
  const { low, high } = padded({ low: 0, high: 1 }, 10, 10)
  expect(high).toBeGreaterThan(low)
})

test('a scale stays while all fits and most of it is used', () => {
  const before = { low: 0, high: 100 }
  expect(settled(before, { low: 10, high: 95 })).toBe(before)
  expect(settled(before, { low: 10, high: 101 })).toEqual({ low: 10, high: 101 })
  expect(settled(before, { low: 10, high: 30 })).toEqual({ low: 10, high: 30 })
})

test('a live stretch moves on by whole pixels and never ends before now', () => {
  const random = seeded(5)
  let last = 0
  for (let now = 1_000_000; now < 1_003_000; now += random() * 90) {
    const { from, to } = snapped(now - 60_000, now, 300)
    expect(to).toBeGreaterThanOrEqual(now)
    expect(to - now).toBeLessThanOrEqual(200)
    expect(to - from).toBeCloseTo(60_000)
    expect(Math.round(to) % 200).toBe(0)
    expect(to).toBeGreaterThanOrEqual(last)
    last = to
  }
})

test('a gap is several times what is usual, and a stutter is none', () => {
  const usual = Array.from({ length: 50 }, (_, n) => [n * 1_000, n] as const)
  const ring = ringOf(usual)
  expect(gapMs(ring, 0, 50)).toBe(4_000)
  const fast = ringOf(Array.from({ length: 50 }, (_, n) => [n * 50, n] as const))
  expect(gapMs(fast, 0, 50)).toBe(1_500)
  expect(gapMs(ring, 0, 2)).toBe(Number.POSITIVE_INFINITY)
})

/** What a line goes over: columns of pixels, a new line where `|` stands. */
function drawn(ring: Ring, width: number, gap: number): string {
  const told: string[] = []
  columns(
    ring,
    [0, ring.length],
    ts => Math.floor(ts / width),
    gap,
    'line',
    (x, first, min, max, last, isNew) => {
      told.push(`${isNew ? '|' : ''}${x}:${first},${min},${max},${last}`)
    },
  )
  return told.join(' ')
}

test('values of one column of pixels are drawn once, from the first to the last over the highest', () => {
  const ring = ringOf([
    [0, 3],
    [1, 9],
    [2, 1],
    [3, 4],
    [10, 5],
  ])
  expect(drawn(ring, 10, 100)).toBe('|0:3,1,9,4 1:5,5,5,5')
})

test('a line is broken where nothing came, and where what came is no number', () => {
  const ring = ringOf([
    [0, 1],
    [10, 2],
    [90, 3],
    [100, 'closed'],
    [110, 4],
    [111, 5],
  ])
  expect(drawn(ring, 10, 50)).toBe('|0:1,1,1,1 1:2,2,2,2 |9:3,3,3,3 |11:4,4,5,5')
})

test('folding into columns loses no extreme, for random values', () => {
  for (let seed = 0; seed < 100; seed++) {
    const random = seeded(seed)
    let ts = 0
    const values = Array.from({ length: 300 }, () => {
      ts += Math.floor(random() * 30)
      return [ts, Math.floor(random() * 1_000)] as const
    })
    const ring = ringOf(values, 300)
    const by = new Map<number, number[]>()
    columns(
      ring,
      [0, 300],
      at => Math.floor(at / 50),
      1e9,
      'line',
      (x, first, min, max, last) => {
        expect(by.has(x), `seed ${seed}: column ${x} twice`).toBe(false)
        by.set(x, [first, min, max, last])
      },
    )
    for (const [x, told] of by) {
      const of = values.filter(([at]) => Math.floor(at / 50) === x).map(([, value]) => value)
      expect(told, `seed ${seed}, column ${x}`).toEqual([of[0], Math.min(...of), Math.max(...of), of.at(-1)])
    }
  }
})

test('a value goes with what the other one was at that time, if that is not long ago', () => {
  const xs = ringOf([
    [0, 1],
    [10, 2],
    [100, 3],
  ])
  const ys = ringOf([
    [5, 50],
    [10, 51],
    [12, 52],
    [60, 53],
    [101, 54],
  ])
  const told: number[][] = []
  pairs(xs, ys, [0, 200], 20, (x, y) => told.push([x, y]))
  expect(told).toEqual([
    [1, 50],
    [2, 51],
    [2, 52],
    [3, 54],
  ])
  const none: number[][] = []
  pairs(ringOf([[50, 1]]), ys, [0, 20], 20, (x, y) => none.push([x, y]))
  expect(none).toEqual([])
})

test('bins count every value once', () => {
  const ring = ringOf([1, 2, 2, 3, 10, 'x'].map((value, n) => [n, value] as const))
  const bins = binsOf(ring, [0, 6], 3, undefined, undefined)
  expect(bins).toMatchObject({ low: 1, width: 3, counts: [4, 0, 1], total: 5, outside: 0 })
  expect(binsOf(ring, [0, 6], 2, 2, 4)).toMatchObject({ counts: [2, 1], total: 5, outside: 2 })
  expect(binsOf(ring, [5, 6], 3, undefined, undefined)).toBeUndefined()
  expect(binsOf(ringOf([[0, 4]]), [0, 1], 4, undefined, undefined)).toMatchObject({ counts: [0, 0, 1, 0] })
})

test('a slope is that of the nearest line, whatever the century', () => {
  const since = 1_770_000_000_000
  const ring = ringOf(Array.from({ length: 60 }, (_, n) => [since + n * 1_000, 5 + 0.25 * n] as const))
  const slope = slopeOf(ring, since, since + 60_000)
  expect(slope?.perMs).toBeCloseTo(0.25 / 1_000, 12)
  expect(slope?.at(since + 100_000)).toBeCloseTo(30, 6)
  expect(slopeOf(ring, since, since + 500)).toBeUndefined()
  expect(['rising', 'falling', 'steady']).toEqual([
    heading(3, 1, 0),
    heading(-3, undefined, 100),
    heading(1, 1, 0),
  ])
})

test('rows are the newest of all series, in the order of time', () => {
  const track = (ring: Ring) => ({ track: { ring } }) as Parameters<typeof newestRows>[0][number]
  const series = [
    track(
      ringOf([
        [1, 'a'],
        [5, 'b'],
        [9, 'c'],
      ]),
    ),
    track(
      ringOf([
        [5, 1],
        [7, 2],
      ]),
    ),
    { track: undefined },
  ]
  const rows = newestRows(series, 2, 100, 3)
  expect(rows.map(({ ts, value, place }) => [ts, value, place])).toEqual([
    [9, 'c', 0],
    [7, 2, 1],
    [5, 'b', 0],
  ])
  expect(new Set(newestRows(series, 0, 100, 9).map(({ key }) => key)).size).toBe(5)
  expect(newestRows(series, 0, 7, 9)[0]?.ts).toBe(5)
})

test('an axis has marks at even numbers, inside of it', () => {
  expect(marksOf(0, 10, 5).marks).toEqual([0, 2, 4, 6, 8, 10])
  const { marks, step } = marksOf(-0.31, 0.42, 4)
  expect(step).toBe(0.2)
  expect(marks.map(mark => mark.toFixed(1))).toEqual(['-0.2', '0.0', '0.2', '0.4'])
})

test('bands of a gauge lie on its scale, and a whole ring is drawn', () => {
  const thresholds = [
    { from: -10, state: 'ok', word: '' },
    { from: 50, state: 'warn', word: '' },
    { from: 200, state: 'bad', word: '' },
  ] as const
  expect(bands(thresholds, 0, 100)).toEqual([
    { from: 0, to: 0.5, state: 'ok' },
    { from: 0.5, to: 1, state: 'warn' },
  ])
  expect(arc(0, 0.5, 10)).toMatch(/^M-8\.660 5\.000A10 10 0 0 1 /)
  const [, begin, end] = /^M(\S+ \S+)A\S+ \S+ \d \d \d (\S+ \S+)L/.exec(slice(0, 1, 5, 10)) ?? []
  expect(begin).not.toBe(end)
})
