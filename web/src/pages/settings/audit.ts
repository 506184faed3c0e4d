/** What was changed, in words. */
import type { AuditAction, AuditEntry } from '../../api/settings'

/** By the kind of thing, in the order in which they are offered. */
export const ACTIONS: Record<AuditAction, string> = {
  'organization.created': 'Organization made',
  'organization.updated': 'Organization changed',
  'organization.handed_over': 'Organization handed over',
  'organization.deleted': 'Organization deleted',
  'member.added': 'Member added',
  'member.updated': 'Role changed',
  'member.removed': 'Member removed',
  'project.created': 'Project made',
  'project.updated': 'Project changed',
  'project.deleted': 'Project deleted',
  'project.device_added': 'Device put into project',
  'project.device_removed': 'Device taken out of project',
  'device.created': 'Device made',
  'device.updated': 'Device changed',
  'device.token_rotated': 'Device token made',
  'device.token_revoked': 'Device token revoked',
  'device.deleted': 'Device deleted',
  'flow.created': 'Flow made',
  'flow.updated': 'Flow changed',
  'flow.deployed': 'Flow deployed',
  'flow.stopped': 'Flow stopped',
  'flow.deleted': 'Flow deleted',
  'flow.dead_letters_deleted': 'Dead letters deleted',
  'dashboard.created': 'Dashboard made',
  'dashboard.updated': 'Dashboard changed',
  'dashboard.deleted': 'Dashboard deleted',
  'dashboard.shared': 'Dashboard shared',
  'dashboard.unshared': 'Sharing of dashboard ended',
  'share_link.created': 'Share link made',
  'share_link.deleted': 'Share link ended',
  'widget.created': 'Widget made',
  'widget.updated': 'Widget changed',
  'widget.deleted': 'Widget deleted',
  'api_token.created': 'API token made',
  'api_token.deleted': 'API token revoked',
  'user.signed_up': 'Account made',
  'user.updated': 'Account changed',
  'user.password_changed': 'Password changed',
  'user.plan_set': 'Plan set',
  'user.disabled': 'Account disabled',
  'user.enabled': 'Account enabled',
  'session.started': 'Logged in',
  'session.ended': 'Logged out',
  'session.others_ended': 'Other sessions ended',
}

const ORGANIZATIONS = [
  'organization',
  'member',
  'project',
  'device',
  'flow',
  'dashboard',
  'share_link',
  'widget',
]

/** Which actions there can be in the log of an organization, or in the own one. */
export function actionsOf(isOrganization: boolean): AuditAction[] {
  const all = Object.keys(ACTIONS) as AuditAction[]
  if (!isOrganization) return all
  return all.filter(action => [...ORGANIZATIONS, 'api_token'].includes(action.split('.')[0] ?? ''))
}

/** The rest of an entry in a line: what it is called first, then what there is beside. */
export function detailsOf({ details }: Pick<AuditEntry, 'details'>): string {
  const { name, changed, ...rest } = details as Record<string, unknown>
  const said: string[] = []
  if (typeof name === 'string') said.push(`“${name}”`)
  if (Array.isArray(changed) && changed.length > 0) said.push(changed.join(', '))
  for (const [key, value] of Object.entries(rest)) {
    if (value === null || value === '' || value === 0 || (Array.isArray(value) && value.length === 0))
      continue
    const text = typeof value === 'object' ? JSON.stringify(value) : String(value)
    said.push(`${key.replaceAll('_', ' ')} ${text}`)
  }
  return said.join(' · ')
}

export const isAction = (told: unknown): told is AuditAction =>
  typeof told === 'string' && Object.hasOwn(ACTIONS, told)
