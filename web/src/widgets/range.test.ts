import { expect, test } from 'vitest'
import { seeded } from '../live/fake'
import {
  DEFAULT_RANGE,
  edges,
  fromSearch,
  type Range,
  SPANS,
  toSearch,
  type Zoomed,
  zoom,
  zoomOut,
} from './range'
import { timeLabel, toLocal } from './times'

test('what stands in the address of a page is its range again', () => {
  const all: Range[] = [
    ...SPANS.map(({ ms }) => ({ kind: 'live' as const, spanMs: ms })),
    { kind: 'live', spanMs: 42_000 },
    { kind: 'absolute', from: 1_000, to: 5_000 },
  ]
  for (const range of all) expect(fromSearch(toSearch(range))).toEqual(range)
  // a pause is of the one who looks
  expect(fromSearch(toSearch({ kind: 'live', spanMs: 60_000, pausedAt: 5 }))).toEqual({
    kind: 'live',
    spanMs: 60_000,
  })
})

test('an address with nonsense has no range', () => {
  const nonsense = [
    {},
    { last: '9y' },
    { last: '0s' },
    { last: '999999s' },
    { from: 5, to: 5 },
    { from: 10, to: 5 },
    { from: 0, to: 1e15 },
    { from: Number.NaN, to: 5 },
    { from: '1', to: '900' },
  ]
  for (const search of nonsense) expect(fromSearch(search), JSON.stringify(search)).toBeUndefined()
})

test('a pause holds the edges where they were', () => {
  expect(edges({ kind: 'live', spanMs: 60_000 }, 100_000)).toEqual({ from: 40_000, to: 100_000 })
  expect(edges({ kind: 'live', spanMs: 60_000, pausedAt: 90_000 }, 100_000)).toEqual({
    from: 30_000,
    to: 90_000,
  })
  expect(edges({ kind: 'absolute', from: 1, to: 2 }, 100_000)).toEqual({ from: 1, to: 2 })
})

test('zooming goes ever deeper and back to the beginning, for random stretches', () => {
  for (let seed = 0; seed < 50; seed++) {
    const random = seeded(seed)
    const start: Zoomed = { range: DEFAULT_RANGE, before: [] }
    let at = start
    let { from, to } = edges(at.range, 1_000_000)
    for (let n = 0; n < 12; n++) {
      const [a, b] = [from + random() * (to - from), from + random() * (to - from)].sort((x, y) => x - y) as [
        number,
        number,
      ]
      const next = zoom(at, a, b)
      if (next === at) {
        expect(b - a, `seed ${seed}`).toBeLessThan(100)
        continue
      }
      const inside = edges(next.range, 0)
      expect(inside.from, `seed ${seed}`).toBeLessThanOrEqual(a)
      expect(inside.to, `seed ${seed}`).toBeGreaterThanOrEqual(b)
      expect(inside.to - inside.from, `seed ${seed}`).toBeLessThan(b - a + 2.1)
      at = next
      ;({ from, to } = inside)
    }
    expect(zoomOut(at), `seed ${seed}`).toEqual(start)
  }
  expect(zoomOut({ range: DEFAULT_RANGE, before: [] }).range).toBe(DEFAULT_RANGE)
})

test('who comes back from a zoom out of a pause is live again', () => {
  const paused: Zoomed = { range: { kind: 'live', spanMs: 60_000, pausedAt: 1_000 }, before: [] }
  expect(zoomOut(zoom(paused, 0, 500)).range).toEqual({ kind: 'live', spanMs: 60_000 })
})

test('a time in a form is read as it was written, and marks have what tells them apart', () => {
  const ms = new Date(2026, 0, 31, 9, 5, 3).getTime()
  expect(toLocal(ms)).toBe('2026-01-31T09:05:03')
  expect(new Date(toLocal(ms)).getTime()).toBe(ms)
  expect([500, 1_000, 60_000].map(step => timeLabel(ms + 250, step))).toEqual([
    '09:05:03.250',
    '09:05:03',
    '09:05',
  ])
})
