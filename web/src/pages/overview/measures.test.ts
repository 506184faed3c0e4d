import { expect, test } from 'vitest'
import { type Measured, tilesOf } from './measures'

const counts = { devices: 3, active: 3, offline: 0, inactive: 0, error: 0 }
const tiles = (measured: Measured) =>
  tilesOf({ ...counts, ...measured } as Parameters<typeof tilesOf>[0]).map(
    ({ name, value, note, state }) => `${name}: ${value}, ${note}${state === 'plain' ? '' : ` (${state})`}`,
  )

test('what is not measured has no tile', () => {
  expect(tiles({})).toEqual([])
  expect(tiles({ store_bytes: null })).toEqual([])
})

test('a fleet that is well says so', () => {
  const flows = { flows: 3, deployed: 2, running: 2, failed: 0, suspended: 0 }
  const well = { readings_per_s: 1234.4, lag_ms: 0, refused_last_hour: 0, errors_last_hour: 0, flows }
  expect(tiles({ ...well, store_bytes: 12_345_678 })).toEqual([
    'Readings: 1,234, a second, over the last ten',
    'Lag of flows: 0 ms, flows have done all there is',
    'Errors: 0, in the last hour',
    'Flows that run: 2, of 2 deployed',
    'Storage: 12.3 MB, of readings on disk',
  ])
})

test('what should be looked at says what it is', () => {
  const flows = { flows: 9, deployed: 5, running: 3, failed: 1, suspended: 1 }
  expect(
    tiles({ lag_ms: 90_000, lag_readings: 4_000, refused_last_hour: 2, errors_last_hour: 1_000, flows }),
  ).toEqual([
    'Lag of flows: 1 min, about 4,000 readings wait (bad)',
    'Errors: 1,002, 2 refused of devices, 1,000 in flows (warn)',
    'Flows that run: 3, 1 cannot run, 1 suspended, 1 with a node that failed (bad)',
  ])
  expect(tiles({ lag_ms: 6_000, lag_readings: 1 })[0]).toContain('6 s')
})
