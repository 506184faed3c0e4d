/** What the addresses of the logs say. */
import type { AuditFilter } from '../../api/settings'
import { isAction } from './audit'

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const isId = (told: unknown): told is string => typeof told === 'string' && ID.test(told)

export function auditSearch(search: Record<string, unknown>): AuditFilter {
  const id = (told: unknown) => (isId(told) ? told : undefined)
  const time = (told: unknown) =>
    typeof told === 'string' && !Number.isNaN(Date.parse(told)) ? new Date(told).toISOString() : undefined
  const [actor, target] = [id(search['actor']), id(search['target'])]
  const [from, to] = [time(search['from']), time(search['to'])]
  const action = isAction(search['action']) ? search['action'] : undefined
  return {
    ...(actor ? { actor } : {}),
    ...(action ? { action } : {}),
    ...(target ? { target } : {}),
    ...(from ? { from } : {}),
    ...(to ? { to } : {}),
  }
}
