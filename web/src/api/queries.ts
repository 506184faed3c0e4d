/** What pages ask, each question with one key. */
import {
  infiniteQueryOptions,
  MutationCache,
  QueryCache,
  QueryClient,
  queryOptions,
} from '@tanstack/react-query'
import { api, type Schemas, take } from './client'
import { Problem } from './problem'

/** An answer that says that nobody is logged in: whoever shows a page must ask anew who is. */
function heard(error: unknown): void {
  if (error instanceof Problem && error.status === 401 && error.code !== 'wrong_login') {
    void queryClient.invalidateQueries({ queryKey: meQuery.queryKey })
  }
}

export const queryClient: QueryClient = new QueryClient({
  queryCache: new QueryCache({ onError: heard }),
  mutationCache: new MutationCache({ onError: heard }),
  defaultOptions: {
    queries: {
      staleTime: 5_000,
      retry: (failures, error) => error instanceof Problem && error.passes && failures < 3,
      retryDelay: attempt => Math.min(1_000 * 2 ** attempt, 10_000) * (0.5 + Math.random() / 2),
    },
  },
})

export const entryQuery = queryOptions({
  queryKey: ['entry'],
  queryFn: ({ signal }) => take(api.GET('/api/v1/auth/entry', { signal })),
})

/** Who is logged in; null for nobody. */
export const meQuery = queryOptions({
  queryKey: ['me'],
  staleTime: 60_000,
  queryFn: async ({ signal }) => {
    try {
      return await take(api.GET('/api/v1/me', { signal }))
    } catch (error) {
      if (error instanceof Problem && error.status === 401) return null
      throw error
    }
  },
})

export const organizationsQuery = queryOptions({
  queryKey: ['organizations'],
  staleTime: 60_000,
  queryFn: async ({ signal }) => {
    const query = { limit: 500, sort: 'name' } as const
    return (await take(api.GET('/api/v1/organizations', { params: { query }, signal }))).items
  },
})

/** What the user is in an organization. */
export const roleQuery = (organization: string, user: string) =>
  queryOptions({
    queryKey: ['role', organization, user],
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      take(
        api.GET('/api/v1/organizations/{id}/members/{user}', {
          params: { path: { id: organization, user } },
          signal,
        }),
      ),
  })

export const fleetQuery = (organization: string) =>
  queryOptions({
    queryKey: ['fleet', organization],
    refetchInterval: 5_000,
    queryFn: ({ signal }) =>
      take(api.GET('/api/v1/organizations/{id}/fleet', { params: { path: { id: organization } }, signal })),
  })

export type Device = Schemas['Device']
export type DeviceStatus = Schemas['DeviceStatus']
export type DeviceSort = 'name' | '-name' | 'last_seen' | '-last_seen' | 'created_at' | '-created_at'

export interface DeviceList {
  q?: string | undefined
  status?: DeviceStatus | undefined
  project?: string | undefined
  sort: DeviceSort
}

/** The first page is small, so that it is there at once; the others are as large as the server gives them. */
const FIRST = 100
const PAGE = 500
/** A list that was scrolled further is not asked for again by itself: each page of it would be. */
const FRESH_PAGES = 3

/** Devices, page by page. */
export const devicesQuery = (organization: string, { q, status, project, sort }: DeviceList) =>
  infiniteQueryOptions({
    queryKey: ['devices', organization, { q, status, project, sort }],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = {
        organization,
        sort,
        limit: pageParam ? PAGE : FIRST,
        ...(q ? { q } : {}),
        ...(status ? { status } : {}),
        ...(project ? { project } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      }
      return take(api.GET('/api/v1/devices', { params: { query }, signal }))
    },
    getNextPageParam: page => page.next ?? undefined,
    placeholderData: previous => previous,
    refetchOnWindowFocus: query => (query.state.data?.pages.length ?? 0) <= FRESH_PAGES,
    refetchInterval: query => ((query.state.data?.pages.length ?? 0) <= FRESH_PAGES ? 5_000 : false),
  })

export const deviceQuery = (id: string) =>
  queryOptions({
    queryKey: ['device', id],
    refetchInterval: 5_000,
    queryFn: ({ signal }) => take(api.GET('/api/v1/devices/{id}', { params: { path: { id } }, signal })),
  })

export const sensorsQuery = (id: string) =>
  queryOptions({
    queryKey: ['sensors', id],
    refetchInterval: 5_000,
    queryFn: async ({ signal }) =>
      (await take(api.GET('/api/v1/devices/{id}/sensors', { params: { path: { id } }, signal }))).items,
  })
