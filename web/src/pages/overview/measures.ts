/** What the server measures of a fleet, as tiles: a number, what it is, and whether somebody should look. */
import type { Schemas } from '../../api/client'

/** Each is told by servers that measure it. */
export interface Measured {
  readings_per_s?: number
  lag_ms?: number
  lag_readings?: number
  refused_last_hour?: number
  errors_last_hour?: number
  dead_letters_last_hour?: number
  flows?: { flows: number; deployed: number; running: number; failed: number; suspended: number }
  store_bytes?: number | null
}

export interface Tile {
  name: string
  value: string
  /** The rest of it in a few words; why it should be looked at, if it should. */
  note: string
  state: 'plain' | 'warn' | 'bad'
}

/** Flows that are further behind are late for whoever looks at a dashboard. */
const LAG_WARN_MS = 5_000
const LAG_BAD_MS = 60_000

export function tilesOf(fleet: Schemas['Fleet'] & Measured): Tile[] {
  const { readings_per_s, lag_ms, flows, store_bytes } = fleet
  const tiles: Tile[] = []
  const add = (name: string, value: string, note: string, state: Tile['state'] = 'plain') =>
    tiles.push({ name, value, note, state })
  if (readings_per_s !== undefined) add('Readings', rate(readings_per_s), 'a second, over the last ten')
  if (lag_ms !== undefined) {
    const waits = fleet.lag_readings ?? 0
    const note =
      lag_ms === 0 ? 'flows have done all there is' : `about ${waits.toLocaleString('en')} readings wait`
    const state = lag_ms >= LAG_BAD_MS ? 'bad' : lag_ms >= LAG_WARN_MS ? 'warn' : 'plain'
    add('Lag of flows', length(lag_ms), note, state)
  }
  if (fleet.refused_last_hour !== undefined || fleet.errors_last_hour !== undefined) {
    const [refused, failed] = [fleet.refused_last_hour ?? 0, fleet.errors_last_hour ?? 0]
    const parts = [
      refused > 0 && `${refused.toLocaleString('en')} refused of devices`,
      failed > 0 && `${failed.toLocaleString('en')} in flows`,
    ].filter(Boolean)
    const note = parts.join(', ') || 'in the last hour'
    add('Errors', (refused + failed).toLocaleString('en'), note, parts.length > 0 ? 'warn' : 'plain')
  }
  if (flows !== undefined && flows.flows > 0) {
    const wrong = [
      flows.deployed > flows.running + flows.suspended &&
        `${flows.deployed - flows.running - flows.suspended} cannot run`,
      flows.suspended > 0 && `${flows.suspended} suspended`,
      flows.failed > 0 && `${flows.failed} with a node that failed`,
    ].filter(Boolean)
    const note = wrong.join(', ') || `of ${flows.deployed} deployed`
    add('Flows that run', String(flows.running), note, wrong.length > 0 ? 'bad' : 'plain')
  }
  if (typeof store_bytes === 'number') add('Storage', bytes(store_bytes), 'of readings on disk')
  return tiles
}

function rate(perSecond: number): string {
  if (perSecond < 10) return String(Number(perSecond.toFixed(1)))
  return Math.round(perSecond).toLocaleString('en')
}

function length(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 60_000) return `${Number((ms / 1_000).toFixed(1))} s`
  if (ms < 3_600_000) return `${Math.floor(ms / 60_000)} min`
  return `${Number((ms / 3_600_000).toFixed(1))} h`
}

function bytes(count: number): string {
  if (count < 1_000) return `${count} B`
  for (const [unit, name] of [
    [1e12, 'TB'],
    [1e9, 'GB'],
    [1e6, 'MB'],
  ] as const)
    if (count >= unit) return `${Number((count / unit).toPrecision(3))} ${name}`
  return `${Number((count / 1e3).toPrecision(3))} kB`
}
