/** What the settings ask: who belongs to an organization, its projects, what was changed, and the own account. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api, type Schemas, take } from './client'

export type Member = Schemas['OrganizationMember']
export type Project = Schemas['Project']
export type ApiToken = Schemas['ApiToken']
export type OwnSession = Schemas['OwnSession']
export type AuditEntry = Schemas['AuditEntry']
export type AuditAction = Schemas['AuditAction']

const PAGE = 100
/** Of what a choice offers at most; longer lists are searched. */
const CHOICE = 500

export const membersQuery = (organization: string, q: string) =>
  infiniteQueryOptions({
    queryKey: ['members', organization, q],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = {
        sort: 'name' as const,
        limit: PAGE,
        ...(q ? { q } : {}),
        ...(pageParam ? { cursor: pageParam } : {}),
      }
      const params = { path: { id: organization }, query }
      return take(api.GET('/api/v1/organizations/{id}/members', { params, signal }))
    },
    getNextPageParam: page => page.next ?? undefined,
    placeholderData: previous => previous,
  })

/** Members to choose from, the first of them by name. */
export const memberChoiceQuery = (organization: string) =>
  queryOptions({
    queryKey: ['members', organization, 'choice'],
    staleTime: 60_000,
    queryFn: async ({ signal }) => {
      const params = { path: { id: organization }, query: { sort: 'name' as const, limit: CHOICE } }
      return (await take(api.GET('/api/v1/organizations/{id}/members', { params, signal }))).items
    },
  })

/** Projects of an organization, the first of them by name. */
export const projectsQuery = (organization: string) =>
  queryOptions({
    queryKey: ['projects', organization],
    staleTime: 30_000,
    queryFn: async ({ signal }) => {
      const query = { organization, sort: 'name' as const, limit: CHOICE }
      return (await take(api.GET('/api/v1/projects', { params: { query }, signal }))).items
    },
  })

export const projectQuery = (id: string) =>
  queryOptions({
    queryKey: ['project', id],
    queryFn: ({ signal }) => take(api.GET('/api/v1/projects/{id}', { params: { path: { id } }, signal })),
  })

export const tokensQuery = queryOptions({
  queryKey: ['api-tokens'],
  queryFn: async ({ signal }) =>
    // no more than 100 of somebody are valid; those that have ended are listed for thirty days
    (await take(api.GET('/api/v1/me/api-tokens', { params: { query: { limit: 500 } }, signal }))).items,
})

export const sessionsQuery = queryOptions({
  queryKey: ['sessions'],
  queryFn: async ({ signal }) =>
    (await take(api.GET('/api/v1/me/sessions', { params: { query: { limit: 500 } }, signal }))).items,
})

export interface AuditFilter {
  actor?: string | undefined
  action?: AuditAction | undefined
  target?: string | undefined
  /** RFC 3339. */
  from?: string | undefined
  to?: string | undefined
}

/** What was changed, page by page: in an organization, or in the own account where there is none. */
export const auditQuery = (organization: string | undefined, filter: AuditFilter) =>
  infiniteQueryOptions({
    queryKey: ['audit', organization ?? 'me', filter],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const set = Object.fromEntries(Object.entries(filter).filter(([, value]) => value)) as {
        [K in keyof AuditFilter]: NonNullable<AuditFilter[K]>
      }
      const query = { limit: PAGE, ...set, ...(pageParam ? { cursor: pageParam } : {}) }
      if (organization === undefined) return take(api.GET('/api/v1/me/audit', { params: { query }, signal }))
      const params = { path: { id: organization }, query }
      return take(api.GET('/api/v1/organizations/{id}/audit', { params, signal }))
    },
    getNextPageParam: page => page.next ?? undefined,
    placeholderData: previous => previous,
  })
