/** What is done to devices beyond one by one. */
import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import type { Told } from '../pages/devices/bulk'
import { api, take } from './client'
import { Problem } from './problem'

export const putIntoProject = (id: string, device: string) =>
  take(api.PUT('/api/v1/projects/{id}/devices/{device}', { params: { path: { id, device } } }))

export const takeOutOfProject = (id: string, device: string) =>
  take(api.DELETE('/api/v1/projects/{id}/devices/{device}', { params: { path: { id, device } } }))

/**
 * Makes devices from rows, a line of JSON for each, and tells of each as soon as the server has: a hundred at a time. What was told is
 * durable, also where the rest never comes.
 */
export function makeDevices(rows: Record<string, unknown>[], told: (answer: Told) => void): Promise<void> {
  const body = rows.map(row => JSON.stringify(row)).join('\n')
  return answered('/api/v1/devices/bulk', 'application/x-ndjson', body, told)
}

export type Deed =
  | { action: 'switch_on' | 'switch_off' | 'delete' }
  | { action: 'add_to_project' | 'take_out_of_project'; project_id: string }

/** What became of one of many devices. */
export type Done = { id: string; status: number; detail?: string }

/** Devices that one thing is done to at once, at most. */
export const DEEDS_MAX = 1_000

/** Does one thing to many devices, and tells of each whether it was done. */
export function actOnDevices(ids: string[], deed: Deed, told: (done: Done) => void): Promise<void> {
  return answered('/api/v1/devices/actions', 'application/json', JSON.stringify({ ids, ...deed }), told)
}

/** Sends what is answered line by line. */
async function answered<T>(path: string, type: string, body: string, told: (line: T) => void): Promise<void> {
  const response = await fetch(path, { method: 'POST', headers: { 'content-type': type }, body }).catch(
    () => {
      throw Problem.unreachable()
    },
  )
  if (!response.ok) throw Problem.from(response, await response.json().catch(() => undefined))
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
      if (done) break
      const lines = (rest + value).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line) told(JSON.parse(line) as T)
    }
  } catch {
    throw new Problem(
      0,
      'outcome_unknown',
      'the answer was cut off: of the rest it is not known whether it was done',
    )
  }
}

/** What happened to a device, page by page. */
export const deviceEventsQuery = (id: string) =>
  infiniteQueryOptions({
    queryKey: ['history', id],
    initialPageParam: '',
    queryFn: ({ pageParam, signal }) => {
      const query = { limit: 50, ...(pageParam ? { cursor: pageParam } : {}) }
      return take(api.GET('/api/v1/devices/{id}/history', { params: { path: { id }, query }, signal }))
    },
    getNextPageParam: page => page.next ?? undefined,
    refetchInterval: query => ((query.state.data?.pages.length ?? 0) <= 1 ? 10_000 : false),
  })

/** Of what happened to all devices of an organization, the newest. */
export const eventsQuery = (organization: string) =>
  queryOptions({
    queryKey: ['events', organization],
    refetchInterval: 10_000,
    queryFn: async ({ signal }) => {
      const params = { path: { id: organization }, query: { limit: 8 } }
      return (await take(api.GET('/api/v1/organizations/{id}/events', { params, signal }))).items
    },
  })
