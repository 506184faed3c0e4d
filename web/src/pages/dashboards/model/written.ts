/** A dashboard as the server takes it: the template's fields, and an entity for each widget. */
import type { Schemas } from '../../../api/client'
import type { Board, Item, Widget } from './board'
import type { Place } from './place'

export type TemplateBody = Required<
  Pick<Schemas['DashboardPatch'], 'name' | 'description' | 'update_frequency' | 'datasources' | 'flow_config'>
> & {
  project_id: string | null
  layout: Record<string, unknown>
  widgets: Record<string, unknown>[]
}

/** The drawing names each widget; what somebody else keeps about it, or about what is not fed, stays. */
export function templateBody(board: Board): TemplateBody {
  const { name, description, project_id, update_frequency, layouts, kept } = board
  const { lg, md, sm } = layouts
  const names = new Set(board.items.map(item => item.widget_id))
  const drawn = new Map(kept.widgets.map(entry => [entry['id'], entry]))
  const others = kept.widgets.filter(entry => !names.has(String(entry['id'])))
  return {
    name,
    description,
    project_id,
    update_frequency,
    datasources: kept.datasources,
    flow_config: kept.flow_config,
    layout: { ...kept.layout, lg: [...lg], ...(md ? { md: [...md] } : {}), ...(sm ? { sm: [...sm] } : {}) },
    widgets: [
      ...board.items.map(({ widget_id, title, widget_type }) => ({
        ...drawn.get(widget_id),
        id: widget_id,
        type: widget_type,
        title,
      })),
      ...others,
    ],
  }
}

export type WidgetBody = Schemas['WidgetInput']

export function widgetBody(item: Item, place: Place): WidgetBody {
  const { source, ...rest } = item
  const { i: _, ...grid_position } = place
  return { ...rest, ...source, grid_position }
}

/** Of a widget that another one draws: it has no box, and the server wants a place. */
const NOWHERE: Place = { i: '', x: 0, y: 0, w: 1, h: 1 }

/** All widgets with their places in the wide layout, by name. */
export function widgetBodies(board: Board): Map<string, WidgetBody> {
  const places = new Map(board.layouts.lg.map(place => [place.i, place]))
  return new Map(
    board.items.map(item => [item.widget_id, widgetBody(item, places.get(item.widget_id) ?? NOWHERE)]),
  )
}

/** An entity to draw, also of a widget that the server does not have yet: its id is empty then. */
export function drawnWidget(item: Item, id: string, dashboard: string): Widget {
  const now = new Date(0).toISOString()
  return {
    ...widgetBody(item, NOWHERE),
    id,
    dashboard_template_uuid: dashboard,
    created_at: now,
    updated_at: now,
  } as Widget
}
