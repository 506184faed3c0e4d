/** A dashboard as the server takes it: the template's fields, and an entity for each widget. */
import type { Schemas } from '../../../api/client'
import type { DrawnWidget } from '../../../widgets/model'
import type { Board, Item } from './board'
import { inOrder, type Place } from './place'
import { same } from './same'

export interface TemplateBody {
  name: string
  description: string
  project_id: string | null
  update_frequency: number
  layout: Record<string, unknown>
  widgets: Record<string, unknown>[]
  datasources: Record<string, unknown>[]
  flow_config: Record<string, unknown>
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
    layout: {
      ...kept.layout,
      lg: inOrder(lg),
      ...(md ? { md: inOrder(md) } : {}),
      ...(sm ? { sm: inOrder(sm) } : {}),
    },
    widgets: [
      ...[...board.items].sort(byName).map(({ widget_id, title, widget_type }) => ({
        ...drawn.get(widget_id),
        id: widget_id,
        type: widget_type,
        title,
      })),
      ...others,
    ],
  }
}

// The server has its own order of widgets: whatever that is, the same dashboard is written in the same way.
const byName = (a: Item, b: Item) => (a.widget_id < b.widget_id ? -1 : 1)

/** Whether nothing would be saved to make one into the other. */
export function sameBoard(a: Board, b: Board): boolean {
  if (a === b) return true
  const [one, other] = [widgetBodies(a), widgetBodies(b)]
  return (
    same(templateBody(a), templateBody(b)) &&
    one.size === other.size &&
    [...one].every(([id, body]) => same(body, other.get(id)))
  )
}

export type WidgetBody = Schemas['WidgetInput']

export function widgetBody(item: Item, place: Place): WidgetBody {
  const { source, ...rest } = item
  const { i: _, ...grid_position } = place
  // Objects of any kind are objects without keys in the generated types.
  return { ...rest, ...source, grid_position } as unknown as WidgetBody
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

/**
 * A widget to draw. `id` is the server's; it is empty for one that the server does not have yet, or not like this: it is fed by its
 * source itself then. One that has no source yet is fed by nothing.
 */
export function drawnWidget(item: Item, id: string): DrawnWidget {
  const { source, ...rest } = item
  const isFed = source.data_source_type !== 'static' || source.static_value !== null
  return isFed ? { ...rest, ...source, id } : { ...rest, id: '' }
}

/** One that a share link shows: what feeds it is not told. */
export function sharedWidget(item: Item, id: string): DrawnWidget {
  const { source: _, ...rest } = item
  return { ...rest, id }
}
