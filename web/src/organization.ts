/** The organization that the pages are about: the one that was chosen last in this browser, or the first. */
import { useSuspenseQuery } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { meQuery, organizationsQuery, roleQuery } from './api/queries'

const KEY = 'edgesync-organization'
const listeners = new Set<() => void>()
let chosen: string | null = null
try {
  chosen = localStorage.getItem(KEY)
} catch {
  // no storage: for as long as the page lives
}

export function choose(id: string): void {
  chosen = id
  try {
    localStorage.setItem(KEY, id)
  } catch {
    // as above
  }
  for (const listener of listeners) listener()
}

function listen(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function useOrganizations() {
  return useSuspenseQuery(organizationsQuery).data
}

/** Nothing for who is a member of none. */
export function useOrganization() {
  const all = useOrganizations()
  const id = useSyncExternalStore(listen, () => chosen)
  return all.find(organization => organization.id === id) ?? all[0]
}

/** Whether one may change devices there. */
export function useIsAdmin(organization: string): boolean {
  const me = useSuspenseQuery(meQuery).data
  const member = useSuspenseQuery(roleQuery(organization, me?.id ?? ''))
  return member.data.role === 'admin'
}
