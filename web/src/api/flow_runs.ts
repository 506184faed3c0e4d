/** What the pages of flows ask about runs, and how they run flows by hand. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, type Schemas, take } from './client'
import { queryClient } from './queries'

export type Execution = Schemas['FlowExecution']
export type ExecutionStatus = Schemas['ExecutionStatus']
export type NodeExecution = Schemas['NodeExecution']
export type DeadLetter = Schemas['DeadLetter']
export type NodeRecord = Schemas['NodeRecord']

export const executionsQuery = (id: string, status?: ExecutionStatus) =>
  infiniteQueryOptions({
    queryKey: ['flow', id, 'executions', status ?? ''],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 30, ...(status ? { status } : {}), ...(pageParam ? { cursor: pageParam } : {}) }
      return take(api.GET('/api/v1/flows/{id}/executions', { params: { path: { id }, query }, signal }))
    },
    getNextPageParam: page => page.next ?? undefined,
    refetchInterval: query => ((query.state.data?.pages.length ?? 0) <= 1 ? 5_000 : false),
  })

/** A run; asked for again until it has ended. */
export const executionQuery = (id: string, eid: string) =>
  queryOptions({
    queryKey: ['flow', id, 'execution', eid],
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/flows/{id}/executions/{eid}', { params: { path: { id, eid } }, signal })),
    refetchInterval: query => (isUnderWay(query.state.data) ? 500 : false),
  })

/** Whether a run that comes to an end by itself has not come there. */
export function isUnderWay(run: Execution | undefined): boolean {
  return (
    run !== undefined && run.trigger !== 'deploy' && (run.status === 'pending' || run.status === 'running')
  )
}

export const executionNodesQuery = (id: string, eid: string, node?: string) =>
  infiniteQueryOptions({
    queryKey: ['flow', id, 'execution', eid, 'nodes', node ?? ''],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 100, ...(node ? { node } : {}), ...(pageParam ? { cursor: pageParam } : {}) }
      return take(
        api.GET('/api/v1/flows/{id}/executions/{eid}/nodes', {
          params: { path: { id, eid }, query },
          signal,
        }),
      )
    },
    getNextPageParam: page => page.next ?? undefined,
  })

export const deadLettersQuery = (id: string, node?: string) =>
  infiniteQueryOptions({
    queryKey: ['flow', id, 'dead', node ?? ''],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 50, ...(node ? { node } : {}), ...(pageParam ? { cursor: pageParam } : {}) }
      return take(api.GET('/api/v1/flows/{id}/dead-letters', { params: { path: { id }, query }, signal }))
    },
    getNextPageParam: page => page.next ?? undefined,
    refetchInterval: query => ((query.state.data?.pages.length ?? 0) <= 1 ? 5_000 : false),
  })

/** The newest records of a node, whole. Asking has the node keep them for a quarter of an hour. */
export const outputQuery = (id: string, node: string) =>
  queryOptions({
    queryKey: ['flow', id, 'output', node],
    staleTime: 0,
    queryFn: async ({ signal }) =>
      (
        await take(
          api.GET('/api/v1/flows/{id}/nodes/{node}/output', { params: { path: { id, node } }, signal }),
        )
      ).items,
  })

export async function runFlow(id: string, body: Schemas['RunFlow']): Promise<Execution> {
  const run = await take(api.POST('/api/v1/flows/{id}/run', { params: { path: { id } }, body }))
  void queryClient.invalidateQueries({ queryKey: ['flow', id, 'executions'] })
  return run
}

export async function endRun(id: string, eid: string): Promise<void> {
  await take(api.POST('/api/v1/flows/{id}/executions/{eid}/stop', { params: { path: { id, eid } } }))
  void queryClient.invalidateQueries({ queryKey: ['flow', id, 'execution', eid] })
}

export async function removeDeadLetters(id: string): Promise<void> {
  await take(api.DELETE('/api/v1/flows/{id}/dead-letters', { params: { path: { id } } }))
  void queryClient.invalidateQueries({ queryKey: ['flow', id, 'dead'] })
}
