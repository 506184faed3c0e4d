import { useQueries } from '@tanstack/react-query'
import { api, take } from '../../../api/client'

/** What devices are called, by their ids: for as many as a page can show. One that is gone is called by the end of its id. */
export function useDeviceNames(ids: Iterable<string | undefined>): (id: string | undefined) => string {
  const wanted = [...new Set([...ids].filter(id => id !== undefined))].slice(0, 50)
  const found = useQueries({
    queries: wanted.map(id => ({
      queryKey: ['device-name', id],
      staleTime: 300_000,
      retry: false,
      queryFn: async ({ signal }: { signal: AbortSignal }) =>
        (await take(api.GET('/api/v1/devices/{id}', { params: { path: { id } }, signal }))).name,
    })),
  })
  const names = new Map(wanted.map((id, index) => [id, found[index]?.data]))
  return id => (id === undefined ? '' : (names.get(id) ?? `…${id.slice(-6)}`))
}
