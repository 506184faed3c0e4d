/** Dashboards: what pages ask about them. Saving them is in `pages/dashboards/save.ts`. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import type { Stored } from '../pages/dashboards/model/board'
import { api, type Schemas, take } from './client'
import { Problem } from './problem'

export type DashboardSort = 'name' | '-name' | 'updated_at' | '-updated_at'
export type DashboardSummary = Schemas['DashboardSummary']

export interface DashboardList {
  q?: string | undefined
  project?: string | undefined
  sort: DashboardSort
}

export const dashboardsQuery = (organization: string, { q, project, sort }: DashboardList) =>
  infiniteQueryOptions({
    queryKey: ['dashboards', organization, { q, project, sort }],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = {
        organization,
        sort,
        limit: 100,
        ...(q ? { q } : {}),
        ...(project ? { project } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      }
      return take(api.GET('/api/v1/dashboard-templates', { params: { query }, signal }))
    },
    getNextPageParam: page => page.next ?? undefined,
    placeholderData: previous => previous,
  })

/** A dashboard with its widgets, of one version: somebody may save between the two answers. */
export async function fetchStored(id: string, signal?: AbortSignal): Promise<Stored> {
  const ask = { params: { path: { id } }, ...(signal ? { signal } : {}) }
  let template = await take(api.GET('/api/v1/dashboard-templates/{id}', ask))
  for (;;) {
    const widgets = (await take(api.GET('/api/v1/dashboard-templates/{id}/widgets', ask))).items
    const after = await take(api.GET('/api/v1/dashboard-templates/{id}', ask))
    if (after.version === template.version) return { template: after, widgets }
    template = after
  }
}

export const storedQuery = (id: string) =>
  queryOptions({
    queryKey: ['dashboard', id],
    // Who looks at a dashboard sees it change when somebody saves it.
    refetchInterval: 15_000,
    queryFn: ({ signal }) => fetchStored(id, signal),
  })

/** Whether a member was given a dashboard to change, beyond their role. */
export const mayChangeQuery = (id: string, user: string) =>
  queryOptions({
    queryKey: ['dashboard-permission', id, user],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const params = { path: { id, user } }
      try {
        const given = await take(
          api.GET('/api/v1/dashboard-templates/{id}/permissions/{user}', { params, signal }),
        )
        return given.permission === 'admin'
      } catch (error) {
        if (error instanceof Problem && error.status === 404) return false
        throw error
      }
    },
  })

export const permissionsQuery = (id: string) =>
  queryOptions({
    queryKey: ['dashboard-permissions', id],
    queryFn: async ({ signal }) => {
      const params = { path: { id }, query: { limit: 500 } }
      return (await take(api.GET('/api/v1/dashboard-templates/{id}/permissions', { params, signal }))).items
    },
  })

export const shareLinksQuery = (id: string) =>
  queryOptions({
    queryKey: ['share-links', id],
    queryFn: async ({ signal }) => {
      const params = { path: { id } }
      return (await take(api.GET('/api/v1/dashboard-templates/{id}/share-links', { params, signal }))).items
    },
  })

/** Members whose name or address has this in it. */
export const membersLikeQuery = (organization: string, q: string) =>
  queryOptions({
    queryKey: ['members-like', organization, q],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const query = { limit: 50, sort: 'name' as const, ...(q ? { q } : {}) }
      const params = { path: { id: organization }, query }
      return (await take(api.GET('/api/v1/organizations/{id}/members', { params, signal }))).items
    },
  })

export const projectNamesQuery = (organization: string) =>
  queryOptions({
    queryKey: ['project-names', organization],
    staleTime: 30_000,
    queryFn: async ({ signal }) => {
      const query = { organization, limit: 500, sort: 'name' as const }
      return (await take(api.GET('/api/v1/projects', { params: { query }, signal }))).items
    },
  })

/** Devices to choose from: the first ones whose name has this in it. */
export const devicesLikeQuery = (organization: string, q: string) =>
  queryOptions({
    queryKey: ['devices-like', organization, q],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const query = { organization, limit: 50, sort: 'name' as const, ...(q ? { q } : {}) }
      return (await take(api.GET('/api/v1/devices', { params: { query }, signal }))).items
    },
  })

export const flowsLikeQuery = (q: string) =>
  queryOptions({
    queryKey: ['flows-like', q],
    placeholderData: keepPreviousData,
    queryFn: async ({ signal }) => {
      const query = { limit: 50, sort: 'name' as const, ...(q ? { q } : {}) }
      return (await take(api.GET('/api/v1/flows', { params: { query }, signal }))).items
    },
  })

/** A flow with its nodes, to choose one of them; null for one that is not there, or not to be read. */
export const flowNodesQuery = (id: string) =>
  queryOptions({
    queryKey: ['flow-nodes', id],
    staleTime: 10_000,
    queryFn: ({ signal }) =>
      orNull(take(api.GET('/api/v1/flows/{id}', { params: { path: { id } }, signal }))),
  })

export const deviceNameQuery = (id: string) =>
  queryOptions({
    queryKey: ['device-name', id],
    staleTime: 60_000,
    queryFn: async ({ signal }) =>
      (await orNull(take(api.GET('/api/v1/devices/{id}', { params: { path: { id } }, signal }))))?.name ??
      null,
  })

export async function orNull<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null
    throw error
  }
}

export const nodeKindsQuery = queryOptions({
  queryKey: ['node-kinds'],
  staleTime: 3_600_000,
  queryFn: async ({ signal }) => (await take(api.GET('/api/v1/node-types', { signal }))).items,
})
