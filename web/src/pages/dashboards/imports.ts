/** Which devices and flows of a file are not here, and which are likely meant. */
import { queryOptions } from '@tanstack/react-query'
import { deviceNameQuery, devicesLikeQuery, flowNodesQuery, flowsLikeQuery } from '../../api/dashboards'
import { queryClient } from '../../api/queries'
import type { Board } from './model/board'
import type { Names } from './model/file'
import { type Feeder, feedersOf } from './model/replace'

export interface Missing extends Feeder {
  /** The id of the one that has the same name here. */
  suggested: string | undefined
}

export const missingQuery = (organization: string, board: Board, names: Names) =>
  queryOptions({
    queryKey: ['missing', organization, feedersOf(board, names)],
    queryFn: async () => {
      const found = await Promise.all(feedersOf(board, names).map(feeder => missing(organization, feeder)))
      return found.filter(feeder => feeder !== null)
    },
  })

async function missing(organization: string, feeder: Feeder): Promise<Missing | null> {
  const { kind, id, name } = feeder
  const isHere =
    kind === 'device'
      ? (await queryClient.fetchQuery(deviceNameQuery(id))) !== null
      : (await queryClient.fetchQuery(flowNodesQuery(id))) !== null
  if (isHere) return null
  const like =
    name === undefined
      ? []
      : kind === 'device'
        ? await queryClient.fetchQuery(devicesLikeQuery(organization, name))
        : await queryClient.fetchQuery(flowsLikeQuery(name))
  return { ...feeder, suggested: like.find(other => other.name === name)?.id }
}
