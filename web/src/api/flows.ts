/** What the pages of flows ask, and what they do to flows. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Drawing } from '../pages/flows/diff/drawing'
import type { Fields } from '../pages/flows/diff/json'
import { api, forgetOnceKey, onceKey, type Schemas, take } from './client'
import { queryClient } from './queries'

export type FlowSummary = Schemas['FlowSummary']
export type FlowDiagram = Schemas['FlowDiagram']
export type FlowInput = Schemas['FlowInput']
export type FlowProblem = Schemas['FlowProblem']
export type FlowVersionSummary = Schemas['FlowVersionSummary']
export type Project = Schemas['Project']
export type FlowSort = 'name' | '-name' | 'created_at' | '-created_at' | 'updated_at' | '-updated_at'

/** A flow, and the mark of its version for `If-Match`. */
export interface Tagged {
  flow: FlowDiagram
  etag: string
}

const PAGE = 100

type Answer<T> = { data?: T; error?: unknown; response: Response }

async function tagged(asked: Promise<Answer<FlowDiagram>>): Promise<Tagged> {
  let etag = ''
  const flow = await take(
    asked.then(answer => {
      etag = answer.response.headers.get('etag') ?? ''
      return answer
    }),
  )
  return { flow, etag }
}

/** The nodes and edges of a flow, or of a version of it. */
export function drawingOf({ nodes, edges }: { nodes: unknown; edges: unknown }): Drawing {
  return { nodes: nodes as Fields[], edges: edges as Fields[] }
}

/** A drawing as the body of a request has it: the description of the API says no more of nodes than that they are objects. */
export function written({ nodes, edges }: Drawing): Pick<FlowInput, 'nodes' | 'edges'> {
  return { nodes: nodes as FlowDiagram['nodes'], edges: edges as FlowDiagram['edges'] }
}

/** In any project of the organization. */
export const IN_ORGANIZATION = 'any'
/** In no project: the own ones. */
export const IN_NONE = 'none'

export interface FlowList {
  organization: string
  q?: string | undefined
  /** Of a project, by its id, or one of the two below; else all that one may read. */
  project?: string | undefined
  sort: FlowSort
}

function within({ organization, project }: FlowList) {
  if (project === IN_ORGANIZATION) return { organization }
  if (project === IN_NONE) return { in_project: false }
  return project ? { project } : {}
}

export const flowsQuery = (list: FlowList) =>
  infiniteQueryOptions({
    queryKey: ['flows', list],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = {
        sort: list.sort,
        limit: PAGE,
        ...(list.q ? { q: list.q } : {}),
        ...within(list),
        ...(pageParam ? { cursor: pageParam } : {}),
      }
      return take(api.GET('/api/v1/flows', { params: { query }, signal }))
    },
    getNextPageParam: page => page.next ?? undefined,
    placeholderData: previous => previous,
    refetchInterval: query => ((query.state.data?.pages.length ?? 0) <= 3 ? 10_000 : false),
  })

/** A flow as it is saved. */
export const flowQuery = (id: string) =>
  queryOptions({
    queryKey: ['flow', id, 'saved'],
    queryFn: ({ signal }) => tagged(api.GET('/api/v1/flows/{id}', { params: { path: { id } }, signal })),
  })

export const projectsQuery = (organization: string) =>
  queryOptions({
    queryKey: ['projects', organization],
    staleTime: 30_000,
    queryFn: async ({ signal }) => {
      const query = { organization, limit: 500, sort: 'name' } as const
      return (await take(api.GET('/api/v1/projects', { params: { query }, signal }))).items
    },
  })

/** Who is called what: of those of an organization. */
export const membersQuery = (organization: string) =>
  queryOptions({
    queryKey: ['members', organization],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const params = { path: { id: organization }, query: { limit: 500 } }
      return (await take(api.GET('/api/v1/organizations/{id}/members', { params, signal }))).items
    },
  })

export const versionsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['flow', id, 'versions'],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: PAGE, ...(pageParam ? { cursor: pageParam } : {}) }
      return take(api.GET('/api/v1/flows/{id}/versions', { params: { path: { id }, query }, signal }))
    },
    getNextPageParam: page => page.next ?? undefined,
  })

/** A version with its diagram: it never changes. */
export const versionQuery = (id: string, version: number) =>
  queryOptions({
    queryKey: ['flow', id, 'version', version],
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/flows/{id}/versions/{version}', { params: { path: { id, version } }, signal })),
  })

/** What is wrong with a drawing, and what it would be to run it. `of` is a name for it: the same name, the same drawing. */
export const checkQuery = (id: string, of: unknown, drawing: Drawing) =>
  queryOptions({
    queryKey: ['flow', id, 'check', of],
    queryFn: ({ signal }) => {
      const params = { path: { id } }
      return take(api.POST('/api/v1/flows/{id}/validate', { params, body: written(drawing), signal }))
    },
  })

/** Asks anew about flows: after one was made, saved, deployed, stopped or removed. */
export function flowsChanged(id?: string): void {
  void queryClient.invalidateQueries({ queryKey: ['flows'] })
  if (id) void queryClient.invalidateQueries({ queryKey: ['flow', id] })
}

export async function makeFlow(body: FlowInput): Promise<FlowDiagram> {
  const header = { 'Idempotency-Key': onceKey(body) }
  const made = await take(api.POST('/api/v1/flows', { params: { header }, body }))
  forgetOnceKey()
  flowsChanged()
  return made
}

/** Changes what is given of a flow, if it is still the version of `etag`; else the answer is a `Problem` with status 412. */
export async function changeFlow(id: string, body: Schemas['FlowPatch'], etag?: string): Promise<Tagged> {
  const header = etag ? { 'If-Match': etag } : {}
  const now = await tagged(api.PATCH('/api/v1/flows/{id}', { params: { path: { id }, header }, body }))
  queryClient.setQueryData(flowQuery(id).queryKey, now)
  void queryClient.invalidateQueries({ queryKey: ['flows'] })
  return now
}

/** Runs the draft as it was looked at, or a version of before. Answered when it runs. */
export async function deployFlow(id: string, of: { etag?: string; version?: number }): Promise<Tagged> {
  const params = { path: { id }, header: of.etag ? { 'If-Match': of.etag } : {} }
  const body = of.version === undefined ? {} : { version: of.version }
  try {
    const now = await tagged(api.POST('/api/v1/flows/{id}/deploy', { params, body }))
    queryClient.setQueryData(flowQuery(id).queryKey, now)
    return now
  } finally {
    flowsChanged(id)
  }
}

export async function stopFlow(id: string): Promise<void> {
  await take(api.POST('/api/v1/flows/{id}/stop', { params: { path: { id } }, body: {} }))
  flowsChanged(id)
}

export async function removeFlow(id: string): Promise<void> {
  await take(api.DELETE('/api/v1/flows/{id}', { params: { path: { id } } }))
  queryClient.removeQueries({ queryKey: ['flow', id] })
  flowsChanged()
}
