/** What is drawn: a widget as its dashboard, or a share link of it, has it. */
import type { Schemas } from '../api/client'
import type { Source } from '../live/frames'

export type WidgetType = Schemas['WidgetType']

/**
 * A `DashboardWidget` of the API, or a `SharedWidget`, which does not say what feeds it. One that is not made yet has an empty `id`
 * and is fed by its source itself: a form can show what it will look like.
 */
export interface DrawnWidget {
  id: string
  widget_id: string
  title: string
  widget_type: WidgetType
  widget_config: Record<string, unknown>
  aggregation: Schemas['Aggregation']
  refresh_interval: number
  max_samples: number
  data_source_type?: 'flow_node' | 'device_sensor' | 'static' | undefined
  device_id?: string | undefined
  sensor_type?: string | undefined
  flow_id?: string | undefined
  node_id?: string | undefined
  output_field?: string | undefined
  static_value?: unknown
}

/**
 * A widget of the API has one source. A chart of several has further widgets that are part of it: they have `part_of` in their
 * `widget_config`, the `widget_id` of the one that draws them, and no box of their own on the dashboard.
 */
export function partOf(widget: Pick<DrawnWidget, 'widget_config'>): string | undefined {
  const of = widget.widget_config['part_of']
  return typeof of === 'string' && of !== '' ? of : undefined
}

/** The widgets whose values a widget draws: itself and its parts, in the order that they stand in. */
export function membersOf(widget: DrawnWidget, others: readonly DrawnWidget[]): DrawnWidget[] {
  return [
    widget,
    ...others.filter(other => partOf(other) === widget.widget_id && other.widget_id !== widget.widget_id),
  ]
}

/** What is subscribed to for a widget; nothing for one that is not made yet and has its value in itself. */
export function sourceOf(widget: DrawnWidget): Source | undefined {
  if (widget.id) return { widget: widget.id }
  if (widget.device_id && widget.sensor_type) return { device: widget.device_id, sensor: widget.sensor_type }
  if (widget.flow_id && widget.node_id) {
    const field = widget.output_field ? { field: widget.output_field } : {}
    return { flow: widget.flow_id, node: widget.node_id, ...field }
  }
  return undefined
}
