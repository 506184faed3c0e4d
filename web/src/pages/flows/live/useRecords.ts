import { useQuery } from '@tanstack/react-query'
import { useEffect } from 'react'
import { type NodeRecord, outputQuery } from '../../../api/flow_runs'
import { queryClient } from '../../../api/queries'
import { link } from '../../../live/hooks'

/** No oftener than so are all records asked for. */
const ASK_MS = 500

/** The newest records that a node put out, the newest last, asked for when something came. While it pauses they stay as they are. */
export function useRecords(
  flow: string,
  node: string,
  pauses = false,
): { records: readonly NodeRecord[] | undefined; error: unknown; retry: () => void } {
  const { data, error, refetch } = useQuery({ ...outputQuery(flow, node), enabled: !pauses })
  useEffect(() => {
    if (pauses) return
    let timer: ReturnType<typeof setTimeout> | undefined
    const { queryKey } = outputQuery(flow, node)
    const leave = link.watch({ flow, node }, () => {
      timer ??= setTimeout(() => {
        timer = undefined
        void queryClient.invalidateQueries({ queryKey })
      }, ASK_MS)
    })
    return () => {
      clearTimeout(timer)
      leave()
    }
  }, [flow, node, pauses])
  return { records: data, error, retry: () => void refetch() }
}
