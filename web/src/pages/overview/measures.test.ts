import { expect, test } from 'vitest'
import { type Measured, tilesOf } from './measures'

const well: Measured = {
  readings_per_s: 1234.4,
  lag_ms: 0,
  lag_readings: 0,
  refused_last_hour: 0,
  errors_last_hour: 0,
  dead_letters_last_hour: 0,
  flows: { flows: 3, deployed: 2, running: 2, failed: 0, suspended: 0 },
  store_bytes: 12_345_678,
}

const tiles = (measured: Partial<Measured>) =>
  tilesOf({ ...well, ...measured }).map(
    ({ name, value, note, state }) => `${name}: ${value}, ${note}${state === 'plain' ? '' : ` (${state})`}`,
  )

test('a fleet that is well says so', () => {
  expect(tiles({})).toEqual([
    'Readings: 1,234, a second, over the last ten',
    'Lag of flows: 0 ms, nothing waits',
    'Errors: 0, in the last hour',
    'Flows that run: 2, of 2 deployed',
    'Storage: 12.3 MB, of readings on disk',
  ])
})

test('what is not known, or not there, has no tile', () => {
  const flows = { flows: 0, deployed: 0, running: 0, failed: 0, suspended: 0 }
  expect(tiles({ store_bytes: null, flows })).toHaveLength(3)
})

test('what should be looked at says what it is', () => {
  const flows = { flows: 9, deployed: 5, running: 3, failed: 1, suspended: 1 }
  const ill = { lag_ms: 90_000, lag_readings: 4_000, refused_last_hour: 2, errors_last_hour: 1_000, flows }
  expect(tiles({ ...ill, dead_letters_last_hour: 7 }).slice(1, 4)).toEqual([
    'Lag of flows: 1 min, about 4,000 readings wait (bad)',
    'Errors: 1,002, last hour: 2 refused of devices, 1,000 in flows (7 dead letters) (warn)',
    'Flows that run: 3, 1 cannot run, 1 suspended, 1 with a node that failed (bad)',
  ])
  expect(tiles({ lag_ms: 6_000, lag_readings: 1 })[1]).toContain('6 s, about 1 readings wait (warn)')
})
