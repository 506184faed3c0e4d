/** What somebody may do with a dashboard. The server decides; this only hides what it would refuse. */
import { useSuspenseQuery } from '@tanstack/react-query'
import { mayChangeQuery } from '../../api/dashboards'
import { useIsAdmin } from '../../organization'

export interface Rights {
  /** Its name, its widgets, where they stand, and links to it. */
  change: boolean
  /** Whom it is shared with, and its end. */
  own: boolean
}

export function useRights(
  of: { id: string; creator_id: string; organization_id: string },
  me: string,
): Rights {
  const isAdmin = useIsAdmin(of.organization_id)
  const own = isAdmin || of.creator_id === me
  const isGiven = useSuspenseQuery(mayChangeQuery(of.id, me)).data
  return { own, change: own || isGiven }
}
