/** Who saved a dashboard since we looked at it. The audit log says so, to admins. */
import { api, take } from '../../../api/client'
import { Problem } from '../../../api/problem'
import type { Stored } from '../model/board'

export interface Editor {
  name: string
  /** When they did so last. */
  at: string
}

export async function who(known: Stored, theirs: Stored): Promise<Editor[]> {
  const { id, organization_id } = theirs.template
  const widgets = new Set([...known.widgets, ...theirs.widgets].map(widget => widget.id))
  try {
    const query = { from: known.template.updated_at, limit: 200 }
    const params = { path: { id: organization_id }, query }
    const entries = (await take(api.GET('/api/v1/organizations/{id}/audit', { params }))).items
    const found = new Map<string, Editor>()
    for (const { target_id, details, actor_email, at } of entries) {
      const isOfIt =
        target_id === id ||
        widgets.has(target_id) ||
        (details as Record<string, unknown>)['dashboard_id'] === id
      const name = actor_email ?? 'the operator of the server'
      // the newest come first
      if (isOfIt && !found.has(name)) found.set(name, { name, at })
    }
    return [...found.values()]
  } catch (error) {
    if (error instanceof Problem && error.status === 403) return []
    throw error
  }
}
