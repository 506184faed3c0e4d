/** What is done to devices beyond one by one. */
import { infiniteQueryOptions } from '@tanstack/react-query'
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
export async function makeDevices(
  rows: Record<string, unknown>[],
  told: (answer: Told) => void,
): Promise<void> {
  const response = await fetch('/api/v1/devices/bulk', {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson' },
    body: rows.map(row => JSON.stringify(row)).join('\n'),
  }).catch(() => {
    throw Problem.unreachable()
  })
  if (!response.ok) throw Problem.from(response, await response.json().catch(() => undefined))
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
  let rest = ''
  try {
    for (;;) {
      const { done, value } = (await reader?.read()) ?? { done: true, value: undefined }
      if (done) break
      const lines = (rest + value).split('\n')
      rest = lines.pop() ?? ''
      for (const line of lines) if (line) told(JSON.parse(line) as Told)
    }
  } catch {
    throw new Problem(
      0,
      'outcome_unknown',
      'the answer was cut off: what is missing below may have been made',
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
