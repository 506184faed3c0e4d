import { defaultParseSearch, defaultStringifySearch } from '@tanstack/react-router'
import { expect, test } from 'vitest'
import { Chance, seeds } from '../../parts/random'
import { ownZone } from '../../parts/zone'
import {
  AGGS,
  BUCKETS,
  type Explored,
  FILLS,
  format,
  type Key,
  LASTS,
  type Last,
  nameOfKey,
  parse,
  SERIES_MAX,
  validate,
} from './state'

const LETTERS = [...'AZaz09_.:/-']
const sensor = (chance: Chance) =>
  Array.from({ length: 1 + chance.upTo(64) }, () => chance.of(LETTERS)).join('')

function key(chance: Chance): Key {
  if (chance.next() < 0.6) return { device: chance.uuid(), sensor: sensor(chance) }
  const device = chance.next() < 0.5 ? chance.uuid() : null
  return {
    flow: chance.uuid(),
    name: sensor(chance),
    device,
    sensor: chance.next() < 0.5 ? sensor(chance) : null,
  }
}

function some(chance: Chance): Explored {
  const from = chance.upTo(4e12)
  return {
    series: Array.from({ length: chance.upTo(SERIES_MAX + 1) }, () => key(chance)),
    range:
      chance.next() < 0.5
        ? { last: chance.of(Object.keys(LASTS) as Last[]) }
        : { from, to: from + 1_000 + chance.upTo(1e11) },
    bucket: chance.of(BUCKETS),
    agg: chance.of(AGGS),
    fill: chance.of(FILLS),
    tz: chance.of(['UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires', 'Asia/Kolkata']),
    view: chance.of(['chart', 'table'] as const),
  }
}

/** By way of the text of an address, as a link goes. */
const around = (state: Explored) =>
  parse({ ...validate(defaultParseSearch(defaultStringifySearch({ ...format(state) }))) })

test('whatever is shown, its address shows the same', () => {
  for (const seed of seeds(500)) {
    const state = some(new Chance(seed))
    expect(around(state), `seed ${seed}`).toEqual(state)
  }
})

test('an address that somebody spoiled says what is left of it, and says it the same from then on', () => {
  for (const seed of seeds(500)) {
    const chance = new Chance(seed)
    const text = defaultStringifySearch({ ...format(some(chance)) })
    const at = chance.upTo(text.length + 1)
    const junk = chance.of(['', '%', ',', '~', '&', '=', '1', '"', '%22', '&from=-1', '&to="x"', '&last=2h'])
    const spoiled = text.slice(0, at) + junk + text.slice(at + chance.upTo(8))
    const search = defaultParseSearch(spoiled)
    const state = parse(search)
    expect(state.series.length, `seed ${seed}`).toBeLessThanOrEqual(SERIES_MAX)
    expect(around(state), `seed ${seed}: ${spoiled}`).toEqual(state)
    expect(validate({ ...validate(search) }), `seed ${seed}: ${spoiled}`).toEqual(validate(search))
  }
})

test('a series is named once, at most eight are, and nothing is asked of an empty address', () => {
  const id = '00000000-0000-7000-8000-000000000000'
  const names = Array.from({ length: 12 }, (_, n) => nameOfKey({ device: id, sensor: `s${n % 10}` }))
  expect(parse({ s: names.join(',') }).series).toHaveLength(8)
  expect(parse({ s: `${names[0]},${names[0]}` }).series).toEqual([{ device: id, sensor: 's0' }])
  expect(validate({})).toEqual({})
  expect(parse({}).tz).toBe(ownZone())
})

test('a range that ends before it begins is none', () => {
  expect(parse({ from: 2_000, to: 1_000 }).range).toEqual({ last: '1h' })
  expect(parse({ from: 2_000, to: 2_999 }).range).toEqual({ last: '1h' })
  expect(parse({ from: 2_000, to: 3_000 }).range).toEqual({ from: 2_000, to: 3_000 })
})
