/** How flows run, as `GET /flows/{id}/metrics` tells it. */
import { queryOptions } from '@tanstack/react-query'
import { api, take } from './client'

export type FlowState =
  | 'pending'
  | 'running'
  | 'slowed'
  | 'restarting'
  | 'failed'
  | 'refused'
  | 'suspended'
  | 'stopped'

export interface ErrorSample {
  at: string
  code: string
  device_id: string | null
  sensor_type: string | null
  timestamp: string | null
  detail: string
}

/** What a node has counted since its version was installed. */
export interface NodeMetrics {
  id: string
  type: string
  state: 'ok' | 'degraded' | 'failed'
  records_in: number
  records_made: number
  records_out: number
  filtered: number
  late: number
  errors: number
  dropped: number
  reasons: Record<string, number>
  in_flight: number
  busy_ns: number
  waiting_ns: number
  in_per_s: number
  out_per_s: number
  error_samples: ErrorSample[]
}

/** A version that is on its way to run. */
export interface Deploying {
  version: number
  state: 'waiting' | 'warming_up' | 'cutting_over'
  since: string
  /** Stored readings that it was fed. */
  readings: number
  /** From 0 to 1. */
  done: number
}

export interface FlowMetrics {
  flow_id: string
  version?: number
  state: FlowState
  reason: string | null
  restarts?: number
  installed_at?: string
  cell?: { lag: number; lag_s: number }
  nodes?: NodeMetrics[]
  deploying?: Deploying | null
}

/** So often is asked while somebody looks. */
const EVERY_MS = 1_000

export const metricsQuery = (id: string, everyMs = EVERY_MS) =>
  queryOptions({
    queryKey: ['flow', id, 'metrics'],
    staleTime: 0,
    refetchInterval: everyMs,
    queryFn: async ({ signal }) =>
      (await take(
        api.GET('/api/v1/flows/{id}/metrics', { params: { path: { id } }, signal }),
      )) as unknown as FlowMetrics,
  })
