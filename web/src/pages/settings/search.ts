/** What the addresses of the logs say. */
import type { AuditFilter } from '../../api/settings'

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const isId = (told: unknown): told is string => typeof told === 'string' && ID.test(told)

export function auditSearch(search: Record<string, unknown>): AuditFilter {
  const id = (told: unknown) => (isId(told) ? told : undefined)
  const time = (told: unknown) =>
    typeof told === 'string' && !Number.isNaN(Date.parse(told)) ? new Date(told).toISOString() : undefined
  const [actor, target] = [id(search['actor']), id(search['target'])]
  const [from, to] = [time(search['from']), time(search['to'])]
  // Which there are, the page knows: the names of all are not loaded with the addresses.
  const named = typeof search['action'] === 'string' && /^[a-z_]+\.[a-z_]+$/.test(search['action'])
  const action = named ? (search['action'] as AuditFilter['action']) : undefined
  return {
    ...(actor ? { actor } : {}),
    ...(action ? { action } : {}),
    ...(target ? { target } : {}),
    ...(from ? { from } : {}),
    ...(to ? { to } : {}),
  }
}
