/** Saving a dashboard: with all its widgets, whole or not at all, in place of the version that it was made of. */
import { api, type Schemas, take } from '../../api/client'
import { Problem } from '../../api/problem'
import type { Board, Stored } from './model/board'
import { templateBody, widgetBodies } from './model/written'

export interface Saved {
  /** What the server has now. */
  stored: Stored
  /** Why it was refused, and because of which widget. */
  problem?: unknown
  widget?: string | undefined
}

export async function save(from: Stored, board: Board): Promise<Saved> {
  const { template } = from
  const ids = new Map(from.widgets.map(({ widget_id, id }) => [widget_id, id]))
  const bodies = [...widgetBodies(board)]
  const widgets = bodies.map(([name, body]) => {
    const id = ids.get(name)
    return id ? { ...body, id } : body
  })
  const { organization_id, is_active } = template
  // Objects of any kind are objects without keys in the generated types.
  const dashboard = { organization_id, is_active, ...templateBody(board) } as Schemas['DashboardInput']
  const params = { path: { id: template.id }, header: { 'If-Match': `"${template.version}"` } }
  try {
    const body = { dashboard, widgets }
    const whole = await take(api.PUT('/api/v1/dashboard-templates/{id}/whole', { params, body }))
    return { stored: { template: whole.dashboard, widgets: whole.widgets } }
  } catch (problem) {
    return { stored: from, problem, widget: bodies[refused(problem)]?.[0] }
  }
}

/** The place of the first widget that something is wrong with. */
function refused(problem: unknown): number {
  if (!(problem instanceof Problem)) return -1
  const places = [...problem.fields.keys()].flatMap(field => /^widgets\/(\d+)/.exec(field)?.[1] ?? [])
  return Math.min(...places.map(Number), Number.POSITIVE_INFINITY)
}
