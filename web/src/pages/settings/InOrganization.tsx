import { useSuspenseQuery } from '@tanstack/react-query'
import type { ComponentType } from 'react'
import type { Schemas } from '../../api/client'
import { meQuery } from '../../api/queries'
import { useIsAdmin, useOrganization } from '../../organization'
import { NoOrganization } from '../../parts/NoOrganization'

export interface Rights {
  organization: Schemas['Organization']
  /** Who looks. */
  me: string
  isAdmin: boolean
  isOwner: boolean
}

/** A page about the chosen organization, made anew for another one. */
export function inOrganization(Page: ComponentType<Rights>) {
  return function InOrganization() {
    const organization = useOrganization()
    return organization ? (
      <Of key={organization.id} organization={organization} Page={Page} />
    ) : (
      <NoOrganization />
    )
  }
}

function Of({ organization, Page }: { organization: Rights['organization']; Page: ComponentType<Rights> }) {
  const me = useSuspenseQuery(meQuery).data?.id ?? ''
  const isAdmin = useIsAdmin(organization.id)
  return <Page organization={organization} me={me} isAdmin={isAdmin} isOwner={organization.owner_id === me} />
}
