import { useSuspenseQuery } from '@tanstack/react-query'
import type { FlowSummary } from '../../api/flows'
import { meQuery } from '../../api/queries'
import { useIsAdmin } from '../../organization'

/** Which flows one may change, deploy and stop: the own, and as an admin those of the organization's projects. */
export function useMayChange(
  organization: string,
): (flow: Pick<FlowSummary, 'owner_id' | 'project_id'>) => boolean {
  const me = useSuspenseQuery(meQuery).data
  const isAdmin = useIsAdmin(organization)
  return flow => flow.owner_id === me?.id || (isAdmin && flow.project_id !== null)
}
