/** How flows run, as `GET /flows/{id}/metrics` tells it. */
import { queryOptions } from '@tanstack/react-query'
import { api, type Schemas, take } from './client'

export type FlowState = Schemas['FlowState']
export type FlowMetrics = Schemas['FlowMetrics']
/** What a node has counted since its version was installed. */
export type NodeMetrics = Schemas['NodeMetrics']
/** A version that is on its way to run. */
export type Deploying = Schemas['DeploymentProgress']

/** So often is asked while somebody looks. */
const EVERY_MS = 1_000

export const metricsQuery = (id: string, everyMs = EVERY_MS) =>
  queryOptions({
    queryKey: ['flow', id, 'metrics'],
    staleTime: 0,
    refetchInterval: everyMs,
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/flows/{id}/metrics', { params: { path: { id } }, signal })),
  })
