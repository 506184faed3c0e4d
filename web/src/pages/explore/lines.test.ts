import { expect, test } from 'vitest'
import { Chance, seeds } from '../../parts/random'
import { aggsFor, byUnit, drawn, lineOfBuckets, lineOfRaw, places, spread, timesOf } from './lines'

const key = { device: 'd', sensor: 's' }

test('over one column of times each line has its values where it had them, and nothing anywhere else', () => {
  for (const seed of seeds(200)) {
    const chance = new Chance(seed)
    const lines = Array.from({ length: 1 + chance.upTo(4) }, () => {
      const ts = Array.from({ length: chance.upTo(20) }, () => chance.upTo(30)).sort((a, b) => a - b)
      return { ts, values: ts.map(() => (chance.next() < 0.2 ? null : chance.upTo(100))) }
    })
    const times = timesOf(lines.map(({ ts }) => ts))
    expect(times, `seed ${seed}`).toEqual([...new Set(times)].sort((a, b) => a - b))
    for (const { ts, values } of lines) {
      const column = spread(places(times, ts), values)
      expect(column, `seed ${seed}`).toHaveLength(times.length)
      const expected = times.map(time => {
        const at = ts.lastIndexOf(time)
        return at < 0 ? undefined : values[at]
      })
      expect(column, `seed ${seed}`).toEqual(expected)
    }
  }
})

test('a mean comes with its spikes, and each with how much there is', () => {
  expect([aggsFor('avg'), aggsFor('last'), aggsFor('count')]).toEqual([
    'avg,min,max,count',
    'last,count',
    'count',
  ])
  const columns = { ts: [1, 2], avg: [5, null], min: [4, null], max: [6, null], count: [3, 0] }
  expect(lineOfBuckets(key, 'C', columns, 'avg')).toMatchObject({ low: [4, null], high: [6, null], count: 3 })
  // how many there are is not said in degrees
  expect(lineOfBuckets(key, 'C', columns, 'count').unit).toBe('readings')
})

test('text is no number, and true is one', () => {
  expect([drawn(1.5), drawn(true), drawn('on'), drawn(null), drawn({ lat: 1 })]).toEqual([
    1.5,
    1,
    null,
    null,
    null,
  ])
  const at = '2026-01-01T00:00:00Z'
  const raw = [
    { timestamp: at, value: 0, raw_data: 'on', unit: null },
    { timestamp: at, value: 7, raw_data: null, unit: null },
  ]
  expect(lineOfRaw(key, '', raw).values).toEqual(['on', 7])
})

test('each unit has a scale of its own', () => {
  const line = (unit: string) => ({ key, unit, ts: [], values: [], count: 0 })
  expect(byUnit(['C', 'bar', 'C'].map(line)).map(({ unit, lines }) => [unit, lines.length])).toEqual([
    ['C', 2],
    ['bar', 1],
  ])
})
