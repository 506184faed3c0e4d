/**
 * What the explorer shows, and how it stands in the address: whoever opens the address sees the same. What cannot be read in an
 * address is as if it were not there, so a link that was cut off still shows what is left of it.
 */
import { isZone, ownZone } from '../../parts/zone'

/** A series: of a sensor of a device, or one that a flow stored. */
export type Key =
  | { device: string; sensor: string }
  | { flow: string; name: string; device: string | null; sensor: string | null }

export type Range = { last: Last } | { from: number; to: number }

export const LASTS = {
  '5m': 300_000,
  '15m': 900_000,
  '1h': 3_600_000,
  '6h': 21_600_000,
  '24h': 86_400_000,
  '7d': 604_800_000,
  '30d': 2_592_000_000,
  '90d': 7_776_000_000,
} as const
export type Last = keyof typeof LASTS

export const BUCKETS = ['auto', '1s', '10s', '1m', '5m', '15m', '1h', '6h', '1d', '1w', '1mo'] as const
export type Bucket = (typeof BUCKETS)[number]

export const AGGS = ['avg', 'min', 'max', 'sum', 'count', 'first', 'last'] as const
export type Agg = (typeof AGGS)[number]

export const FILLS = ['null', 'previous', 'none'] as const
export type Fill = (typeof FILLS)[number]

export interface Explored {
  series: Key[]
  range: Range
  bucket: Bucket
  agg: Agg
  fill: Fill
  tz: string
  view: 'chart' | 'table'
}

/** As it stands in the address. What is as at first is left out, but for the zone: it differs between those who look. */
export interface ExploreSearch {
  s?: string
  last?: Last
  from?: number
  to?: number
  bucket?: Bucket
  agg?: Agg
  fill?: Fill
  tz?: string
  view?: 'table'
}

export const SERIES_MAX = 8
export const SPAN_MIN_MS = 1_000

const ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const NAME = /^[A-Za-z0-9_.:/-]{1,64}$/

/** One name for one series. No name of a sensor has a `~` or a comma. */
export function nameOfKey(key: Key): string {
  if (!('flow' in key)) return `${key.device}~${key.sensor}`
  return ['flow', key.flow, key.name, key.device ?? '', key.sensor ?? ''].join('~')
}

function keyOf(text: string): Key | undefined {
  const parts = text.split('~')
  if (parts[0] === 'flow') {
    const [, flow = '', name = '', device = '', sensor = ''] = parts
    const fits = ID.test(flow) && NAME.test(name) && (!device || ID.test(device))
    if (parts.length !== 5 || !fits || (sensor && !NAME.test(sensor))) return undefined
    return { flow, name, device: device || null, sensor: sensor || null }
  }
  const [device = '', sensor = ''] = parts
  return parts.length === 2 && ID.test(device) && NAME.test(sensor) ? { device, sensor } : undefined
}

const oneOf = <T extends string>(all: readonly T[], told: unknown): T | undefined =>
  all.find(one => one === told)

const timeOf = (told: unknown): number | undefined =>
  typeof told === 'number' && Number.isSafeInteger(told) && told >= 0 && told < 8.64e15 ? told : undefined

/** What an address says, read with care. */
export function parse(search: Record<string, unknown>): Explored {
  const names = typeof search['s'] === 'string' ? search['s'].split(',') : []
  const series = [...new Set(names)].map(keyOf).filter(key => key !== undefined)
  const [from, to] = [timeOf(search['from']), timeOf(search['to'])]
  const isSpan = from !== undefined && to !== undefined && to - from >= SPAN_MIN_MS
  const tz = search['tz']
  return {
    series: series.slice(0, SERIES_MAX),
    range: isSpan ? { from, to } : { last: oneOf(Object.keys(LASTS) as Last[], search['last']) ?? '1h' },
    bucket: oneOf(BUCKETS, search['bucket']) ?? 'auto',
    agg: oneOf(AGGS, search['agg']) ?? 'avg',
    fill: oneOf(FILLS, search['fill']) ?? 'null',
    tz: typeof tz === 'string' && isZone(tz) ? tz : ownZone(),
    view: search['view'] === 'table' ? 'table' : 'chart',
  }
}

export function format(state: Explored): ExploreSearch {
  const { series, range, bucket, agg, fill, tz, view } = state
  return {
    ...(series.length > 0 ? { s: series.map(nameOfKey).join(',') } : {}),
    ...('last' in range ? (range.last === '1h' ? {} : { last: range.last }) : range),
    ...(bucket === 'auto' ? {} : { bucket }),
    ...(agg === 'avg' ? {} : { agg }),
    ...(fill === 'null' ? {} : { fill }),
    tz,
    ...(view === 'table' ? { view } : {}),
  }
}

/** For the router: an address that says nothing stays as it is. */
export function validate(search: Record<string, unknown>): ExploreSearch {
  const known = ['s', 'last', 'from', 'to', 'bucket', 'agg', 'fill', 'tz', 'view']
  return known.some(key => search[key] !== undefined) ? format(parse(search)) : {}
}
