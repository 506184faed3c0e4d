/** Saving a dashboard: step after step, each under the version that the one before it made. */
import { api, onceKey, take } from '../../api/client'
import type { Board, Template, Widget } from './model/board'
import { plan, type Step, type Stored } from './model/plan'

export interface Saved {
  /** What the server has now, as far as it was asked for. */
  stored: Stored
  /** Why it stopped before the end, and at which widget. */
  problem?: unknown
  widget?: string | undefined
}

/** Makes what is stored into `board`. What was done before a refusal stays done, and is in the answer. */
export async function save(from: Stored, board: Board): Promise<Saved> {
  let stored = from
  for (const step of plan(from, board)) {
    try {
      stored = await carryOut(stored, step)
    } catch (problem) {
      return { stored, problem, widget: step.kind === 'template' ? undefined : step.widget }
    }
  }
  return { stored }
}

async function carryOut(stored: Stored, step: Step): Promise<Stored> {
  const { template, widgets } = stored
  const id = template.id
  const header = { 'If-Match': `"${template.version}"` }
  if (step.kind === 'template') {
    const params = { path: { id }, header }
    const next = await take(api.PATCH('/api/v1/dashboard-templates/{id}', { params, body: step.body }))
    return { template: next, widgets }
  }
  if (step.kind === 'remove') {
    const others = widgets.filter(widget => widget.widget_id !== step.widget)
    const params = { path: { id, widget: step.widget }, header }
    const asked = api.DELETE('/api/v1/dashboard-templates/{id}/widgets/{widget}', { params })
    await take(asked)
    return { template: await versioned(template, asked), widgets: others }
  }
  if (step.kind === 'make') {
    // Sent again after an answer was lost, it is answered as before, and not taken for somebody else's.
    const once = onceKey({ id, version: template.version, body: step.body })
    const params = { path: { id }, header: { ...header, 'Idempotency-Key': once } }
    const asked = api.POST('/api/v1/dashboard-templates/{id}/widgets', { params, body: step.body })
    const made: Widget = await take(asked)
    return { template: await versioned(template, asked), widgets: [...widgets, made] }
  }
  const params = { path: { id, widget: step.widget }, header }
  const asked = api.PATCH('/api/v1/dashboard-templates/{id}/widgets/{widget}', { params, body: step.body })
  const next: Widget = await take(asked)
  const place = widgets.findIndex(widget => widget.widget_id === step.widget)
  return { template: await versioned(template, asked), widgets: widgets.with(place, next) }
}

/** The template under the version that the answer tells. */
async function versioned(template: Template, asked: Promise<{ response: Response }>): Promise<Template> {
  const { response } = await asked
  const version = Number(/^"(\d+)/.exec(response.headers.get('etag') ?? '')?.[1])
  return { ...template, version }
}
