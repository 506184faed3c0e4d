/** How series are called where people see them. */
import { useQueries } from '@tanstack/react-query'
import { flowNameQuery } from '../../api/history'
import { deviceQuery } from '../../api/queries'
import { type Key, nameOfKey } from './state'

/** Names of the theme's variables, by place. */
export const colourOf = (index: number) => `--series-${(index % 8) + 1}`

/** The name of each series, by `nameOfKey`; ids stand where a name is not known. */
export function useNames(keys: Key[]): Map<string, string> {
  const devices = [...new Set(keys.flatMap(({ device }) => device ?? []))]
  const flows = [...new Set(keys.flatMap(key => ('flow' in key ? key.flow : [])))]
  const named = useQueries({
    queries: devices.map(id => ({ ...deviceQuery(id), refetchInterval: false as const, staleTime: 60_000 })),
    combine: all => all.map(({ data }) => data?.name),
  })
  const flowNames = useQueries({
    queries: flows.map(flowNameQuery),
    combine: all => all.map(({ data }) => data),
  })
  const device = (id: string) => named[devices.indexOf(id)] ?? id.slice(0, 8)
  return new Map(
    keys.map(key => {
      if (!('flow' in key)) return [nameOfKey(key), `${device(key.device)} · ${key.sensor}`]
      const flow = flowNames[flows.indexOf(key.flow)] ?? key.flow.slice(0, 8)
      const of = [key.device && device(key.device), key.sensor].filter(Boolean).join(' ')
      return [nameOfKey(key), `${flow} · ${key.name}${of && ` of ${of}`}`]
    }),
  )
}
