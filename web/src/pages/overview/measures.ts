/** What the server measures of a fleet, as tiles: a number, what it is, and whether somebody should look. */
/** The part of a fleet's answer that is measured. */
export interface Measured {
  readings_per_s: number
  lag_ms: number
  lag_readings: number
  refused_last_hour: number
  errors_last_hour: number
  dead_letters_last_hour: number
  flows: { flows: number; deployed: number; running: number; failed: number; suspended: number }
  /** Nothing where others store in the same place. */
  store_bytes: number | null
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

export function tilesOf(fleet: Measured): Tile[] {
  const { flows, store_bytes } = fleet
  const all = [readings(fleet), lag(fleet), errors(fleet)]
  if (flows.flows > 0) all.push(running(flows))
  if (store_bytes !== null)
    all.push({ name: 'Storage', value: bytes(store_bytes), note: 'of readings on disk', state: 'plain' })
  return all
}

function readings({ readings_per_s }: Measured): Tile {
  return {
    name: 'Readings',
    value: rate(readings_per_s),
    note: 'a second, over the last ten',
    state: 'plain',
  }
}

function lag({ lag_ms, lag_readings }: Measured): Tile {
  const state = lag_ms >= LAG_BAD_MS ? 'bad' : lag_ms >= LAG_WARN_MS ? 'warn' : 'plain'
  const waits = `about ${lag_readings.toLocaleString('en')} readings wait`
  return { name: 'Lag of flows', value: length(lag_ms), note: lag_ms === 0 ? 'nothing waits' : waits, state }
}

function errors({ refused_last_hour, errors_last_hour, dead_letters_last_hour }: Measured): Tile {
  const kept = dead_letters_last_hour > 0 && ` (${dead_letters_last_hour.toLocaleString('en')} dead letters)`
  const parts = [
    refused_last_hour > 0 && `${refused_last_hour.toLocaleString('en')} refused of devices`,
    errors_last_hour > 0 && `${errors_last_hour.toLocaleString('en')} in flows${kept || ''}`,
  ].filter(Boolean)
  const value = (refused_last_hour + errors_last_hour).toLocaleString('en')
  const note = parts.length > 0 ? `last hour: ${parts.join(', ')}` : 'in the last hour'
  return { name: 'Errors', value, note, state: parts.length > 0 ? 'warn' : 'plain' }
}

function running({ deployed, running, failed, suspended }: Measured['flows']): Tile {
  const stuck = deployed - running - suspended
  const wrong = [
    stuck > 0 && `${stuck} cannot run`,
    suspended > 0 && `${suspended} suspended`,
    failed > 0 && `${failed} with a node that failed`,
  ].filter(Boolean)
  const note = wrong.join(', ') || `of ${deployed} deployed`
  return { name: 'Flows that run', value: String(running), note, state: wrong.length > 0 ? 'bad' : 'plain' }
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
