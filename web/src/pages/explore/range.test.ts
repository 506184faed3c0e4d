import { expect, test } from 'vitest'
import { Chance, seeds } from '../../parts/random'
import { lengthOf, resolve, shift, zoom } from './range'

test('however one zooms and moves, a range stays one', () => {
  for (const seed of seeds(200)) {
    const chance = new Chance(seed)
    let span = resolve({ last: '1h' }, chance.upTo(2e12) + 3_600_000)
    for (let n = 0; n < 50; n++) {
      const [before, moves] = [span, chance.next() < 0.5]
      span = moves ? shift(span, chance.next() * 4 - 2) : zoom(span, chance.next() * 3)
      const at = `seed ${seed}, step ${n}: ${JSON.stringify(span)}`
      // moved as far back as there is time, it is as long as it was
      if (moves) expect(Math.abs(span.to - span.from - (before.to - before.from)), at).toBeLessThanOrEqual(1)
      expect(span.from, at).toBeGreaterThanOrEqual(0)
      expect(span.to - span.from, at).toBeGreaterThanOrEqual(1_000)
      expect(Number.isInteger(span.from) && Number.isInteger(span.to), at).toBe(true)
    }
  }
})

test('to zoom in and out again is to be where one was, and so is to go and come back', () => {
  const span = { from: 1_000_000, to: 9_000_000 }
  expect(zoom(zoom(span, 0.5), 2)).toEqual(span)
  expect(shift(shift(span, 0.5), -0.5)).toEqual(span)
  expect(zoom(span, 0.5)).toEqual({ from: 3_000_000, to: 7_000_000 })
})

test('a length is said in the two units that say most', () => {
  const said = [0, 250, 1_500, 60_000, 5_400_000, 86_400_000, 90_061_000].map(lengthOf)
  expect(said).toEqual(['0 s', '250 ms', '1 s 500 ms', '1 min', '1 h 30 min', '1 d', '1 d 1 h'])
})
