/**
 * What to ask of the server so that what it has becomes a dashboard. A dashboard and its widgets are saved one by one, each under the
 * version that the one before it made, so that nobody else's change is overwritten in between.
 */
import type { Schemas } from '../../../api/client'
import { type Board, itemOf, type Template, type Widget } from './board'
import { same } from './same'
import { type TemplateBody, templateBody, type WidgetBody, widgetBodies, widgetBody } from './written'

/** What the server has, as it answered. */
export interface Stored {
  template: Template
  widgets: readonly Widget[]
}

export type Step =
  | { kind: 'remove'; widget: string }
  | { kind: 'make'; widget: string; body: WidgetBody }
  | { kind: 'change'; widget: string; body: Schemas['WidgetPatch'] }
  | { kind: 'template'; body: Schemas['DashboardPatch'] }

/** Fields that say where data comes from: they are changed together. */
const SOURCE = [
  'data_source_type',
  'flow_id',
  'node_id',
  'output_field',
  'device_id',
  'sensor_type',
  'static_value',
]

/** The steps; none if all is there. What draws the widgets comes last. */
export function plan(stored: Stored, board: Board): Step[] {
  const before = new Map(stored.widgets.map(widget => [widget.widget_id, bodyOf(widget)]))
  const after = widgetBodies(board)
  const steps: Step[] = []
  for (const widget of before.keys()) if (!after.has(widget)) steps.push({ kind: 'remove', widget })
  for (const [widget, body] of after) {
    const was = before.get(widget)
    if (!was) steps.push({ kind: 'make', widget, body })
    else if (!same(was, body)) steps.push({ kind: 'change', widget, body: changes(was, body) })
  }
  const body = changes(templateOf(stored.template), templateBody(board)) as Schemas['DashboardPatch']
  if (Object.keys(body).length > 0) steps.push({ kind: 'template', body })
  return steps
}

function bodyOf(widget: Widget): WidgetBody {
  return widgetBody(itemOf(widget), { i: widget.widget_id, x: 0, y: 0, w: 4, h: 3, ...placeOf(widget) })
}

// A minimum that is not there is null in the types, and absent in answers.
function placeOf({ grid_position }: Widget) {
  const { minW, minH, ...rest } = grid_position
  return { ...rest, ...(minW ? { minW } : {}), ...(minH ? { minH } : {}) }
}

function templateOf(template: Template): TemplateBody {
  const { name, description, project_id = null, update_frequency, layout, widgets } = template
  const { datasources, flow_config } = template
  return {
    name,
    description,
    project_id,
    update_frequency,
    layout,
    widgets,
    datasources,
    flow_config,
  }
}

function changes<T extends object>(was: T, is: T): Partial<T> {
  const entries = Object.entries(is)
  const differs = ([key, value]: [string, unknown]) => !same(value, was[key as keyof T])
  const isOfSource = ([key]: [string, unknown]) => SOURCE.includes(key)
  const hasOther = entries.filter(isOfSource).some(differs)
  return Object.fromEntries(
    entries.filter(entry => (isOfSource(entry) ? hasOther : differs(entry))),
  ) as Partial<T>
}
