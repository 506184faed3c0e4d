/** What the past is asked: buckets, readings as they came, what flows stored, and files of them. */
import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { aggsFor, type Line, lineOfBuckets, lineOfRaw } from '../pages/explore/lines'
import { resolve, type Span } from '../pages/explore/range'
import { type Explored, type Key, nameOfKey } from '../pages/explore/state'
import { api, take } from './client'

/** Buckets over the width of a chart. */
const POINTS = 400
/** So few readings are shown as they came instead of in buckets. */
const RAW_MAX = 2_000
const PAGE = 500
const REFRESH_MS = 10_000

type ReadingKey = Extract<Key, { sensor: string; device: string }> & { flow?: never }
const isReading = (key: Key): key is ReadingKey => !('flow' in key)

export interface History {
  span: Span
  lines: Line[]
  /** How long a bucket is, in words of the API; nothing where readings are as they came. */
  bucket: string | null
}

/** Without what is not asked for any more: what was there before stays a while. */
export function ofSeries(history: History, series: readonly Key[]): History {
  const names = new Set(series.map(nameOfKey))
  return { ...history, lines: history.lines.filter(({ key }) => names.has(nameOfKey(key))) }
}

type Question = Pick<Explored, 'series' | 'range' | 'bucket' | 'agg' | 'fill' | 'tz'>

/**
 * The series of the explorer. Where buckets are of any length and there are few readings, they come one by one.
 * A range that ends now is asked for again as time goes on.
 */
export const historyLinesQuery = (question: Question) =>
  queryOptions({
    queryKey: ['history-lines', question],
    enabled: question.series.length > 0,
    // While something else is on its way, what was there before stays.
    placeholderData: keepPreviousData,
    refetchInterval: 'last' in question.range ? REFRESH_MS : false,
    queryFn: ({ signal }) => history(question, signal),
  })

async function history(question: Question, signal: AbortSignal): Promise<History> {
  const span = resolve(question.range, Date.now())
  const [ofReadings, ofFlows] = await Promise.all([
    buckets(question, span, signal),
    Promise.all(
      question.series.map(key => ('flow' in key ? flowBuckets(question, key, span, signal) : null)),
    ),
  ])
  const lines = question.series.map(
    (key, i) => ofFlows[i]?.line ?? (ofReadings?.lines.get(nameOfKey(key)) as Line),
  )
  const bucket = ofReadings?.bucket ?? ofFlows.find(one => one)?.bucket ?? null
  const few = lines.reduce((sum, { count }) => sum + count, 0) <= RAW_MAX
  if (question.bucket !== 'auto' || !few || !question.series.every(isReading)) return { span, lines, bucket }
  return { span, lines: await Promise.all(lines.map(line => raw(line, span, signal))), bucket: null }
}

function cut(question: Question, { from, to }: Span) {
  const { bucket, agg, tz, fill } = question
  const length = bucket === 'auto' ? { bucket, points: POINTS } : { bucket }
  return { from: String(from), to: String(to), agg: aggsFor(agg), tz, fill, ...length }
}

async function buckets(question: Question, span: Span, signal: AbortSignal) {
  const keys = question.series.filter(isReading)
  if (keys.length === 0) return undefined
  const series = keys.map(({ device, sensor }) => `${device}/${sensor}`).join(',')
  const query = { series, ...cut(question, span) }
  const told = await take(api.GET('/api/v1/readings/series', { params: { query }, signal }))
  const lines = new Map(
    told.series.map((columns, i) => {
      const key = keys[i] as ReadingKey
      return [nameOfKey(key), lineOfBuckets(key, columns.units.at(-1) ?? '', columns, question.agg)]
    }),
  )
  return { lines, bucket: told.bucket }
}

async function flowBuckets(
  question: Question,
  key: Extract<Key, { flow: string }>,
  span: Span,
  signal: AbortSignal,
) {
  const { flow: id, name, device, sensor } = key
  const only = { name, ...(device ? { device } : {}), ...(sensor ? { sensor } : {}) }
  const params = { path: { id }, query: { ...only, ...cut(question, span) } }
  const [told, known] = await Promise.all([
    take(api.GET('/api/v1/flows/{id}/series/buckets', { params, signal })),
    take(
      api.GET('/api/v1/flows/{id}/series', {
        params: { path: { id }, query: { ...only, limit: 100 } },
        signal,
      }),
    ),
  ])
  const isIt = (one: { device_id: string | null; sensor_type: string | null }) =>
    one.device_id === device && one.sensor_type === sensor
  const unit = known.items.find(isIt)?.latest?.unit ?? ''
  const columns = told.series.find(isIt) ?? { ts: [] }
  return { line: lineOfBuckets(key, unit, columns, question.agg), bucket: told.bucket }
}

async function raw(line: Line, { from, to }: Span, signal: AbortSignal): Promise<Line> {
  if (!isReading(line.key)) return line
  const { device, sensor } = line.key
  const readings = []
  let cursor: string | null = null
  do {
    const query = { device, sensor, from: String(from), to: String(to), limit: PAGE }
    const params: { query: typeof query & { cursor?: string } } = {
      query: cursor === null ? query : { ...query, cursor },
    }
    const page = await take(api.GET('/api/v1/readings', { params, signal }))
    readings.push(...page.items)
    cursor = page.next
  } while (cursor !== null)
  const unit = readings.at(-1)?.unit ?? (line.unit === 'readings' ? '' : line.unit)
  return lineOfRaw(line.key, unit, readings)
}

/** What flows stored: series of a flow, each with its newest row. */
export const flowSeriesQuery = (id: string) =>
  queryOptions({
    queryKey: ['flow-series', id],
    queryFn: async ({ signal }) => {
      const params = { path: { id }, query: { limit: 500 } }
      return (await take(api.GET('/api/v1/flows/{id}/series', { params, signal }))).items
    },
  })

/** Flows to choose from, those whose name has `q`. */
export const flowChoiceQuery = (q: string) =>
  queryOptions({
    queryKey: ['flows', 'choice', q],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const query = { limit: 50, sort: 'name' as const, ...(q ? { q } : {}) }
      return (await take(api.GET('/api/v1/flows', { params: { query }, signal }))).items
    },
  })

/** Devices to choose from, those that `q` finds. */
export const deviceChoiceQuery = (organization: string, q: string) =>
  queryOptions({
    queryKey: ['devices', organization, 'choice', q],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const query = { organization, limit: 50, sort: 'name' as const, ...(q ? { q } : {}) }
      return (await take(api.GET('/api/v1/devices', { params: { query }, signal }))).items
    },
  })

export const flowNameQuery = (id: string) =>
  queryOptions({
    queryKey: ['flow-name', id],
    staleTime: 60_000,
    queryFn: async ({ signal }) =>
      (await take(api.GET('/api/v1/flows/{id}', { params: { path: { id } }, signal }))).name,
  })
