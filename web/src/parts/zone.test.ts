import { expect, test } from 'vitest'
import { Chance, seeds } from './random'
import { fromField, isZone, toField, zones } from './zone'

const some = ['UTC', 'Europe/Berlin', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/St_Johns']

test('a time that is shown and typed again is the same time', () => {
  for (const seed of seeds(2_000)) {
    const chance = new Chance(seed)
    const [tz, ts] = [chance.of(some), chance.upTo(4e9) * 1_000]
    const field = toField(ts, tz)
    const back = fromField(field, tz) as number
    // an hour that the clock shows twice may be either of both: it reads the same
    expect(toField(back, tz), `seed ${seed}: ${field} ${tz}`).toBe(field)
    expect(Math.abs(back - ts), `seed ${seed}: ${field} ${tz}`).toBeLessThanOrEqual(3_600_000)
  }
})

test('summer and winter are as the zone has them', () => {
  expect(fromField('2026-07-01T12:00', 'Europe/Berlin')).toBe(Date.UTC(2026, 6, 1, 10))
  expect(fromField('2026-01-01T12:00:30', 'Europe/Berlin')).toBe(Date.UTC(2026, 0, 1, 11, 0, 30))
  expect(fromField('', 'UTC')).toBeUndefined()
  expect(fromField('2026-13-01T00:00', 'UTC')).toBeUndefined()
})

test('zones are those that there are', () => {
  expect([isZone('Europe/Berlin'), isZone('Mars/Olympus')]).toEqual([true, false])
  expect(zones()).toContain('UTC')
})
