/**
 * A dashboard as it is shown and changed: its widgets with their sources, and where they stand. The server keeps it as a template
 * (`layout` and `widgets` are the drawing) and an entity for each widget that is fed; this is both in one, and `written.ts` takes it apart.
 */
import type { Schemas } from '../../../api/client'
import { partOf } from '../../../widgets/model'
import type { Layout, Place, Size } from './place'
import { COLUMNS, narrowed, SIZES, settle } from './place'

export type Template = Schemas['DashboardTemplate']
export type Widget = Schemas['DashboardWidget']
export type WidgetType = Schemas['WidgetType']
export type Aggregation = Schemas['Aggregation']
export type Source = Schemas['DataSource']

/** What the server has, as it answered. */
export interface Stored {
  template: Template
  widgets: readonly Widget[]
}

/** A widget without its place. */
export interface Item {
  /** Its name within the dashboard; never changed. */
  widget_id: string
  title: string
  widget_type: WidgetType
  widget_config: Record<string, unknown>
  source: Source
  aggregation: Aggregation
  /** Milliseconds. */
  refresh_interval: number
  max_samples: number
}

export interface Board {
  name: string
  description: string
  project_id: string | null
  update_frequency: number
  items: readonly Item[]
  /** The wide layout has a place for each box; a narrower one that nobody has arranged is null, and made of the wide one. */
  layouts: { lg: Layout; md: Layout | null; sm: Layout | null }
  /** What others keep in the template, as it was found. */
  kept: {
    layout: Record<string, unknown>
    widgets: Record<string, unknown>[]
    datasources: Record<string, unknown>[]
    flow_config: Record<string, unknown>
  }
}

/** Where everything stands on a page of this width. */
export function layoutOf(board: Board, size: Size): Layout {
  return board.layouts[size] ?? narrowed(board.layouts.lg, size)
}

/** The widget that draws this one among its own series, if there is such a one. */
export function hostOf(items: readonly Item[], item: Item): Item | undefined {
  const of = partOf(item)
  const host = of === undefined ? undefined : items.find(other => other.widget_id === of)
  // One that is drawn by another draws nobody.
  return host && host !== item && partOf(host) === undefined ? host : undefined
}

/** The widgets that have a box of their own. */
export function boxes(items: readonly Item[]): Item[] {
  return items.filter(item => !hostOf(items, item))
}

/** The widgets that one draws beside itself. */
export function guests(items: readonly Item[], host: Item): Item[] {
  return items.filter(item => hostOf(items, item) === host)
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const cell = (value: unknown, least: number): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && value >= least ? Math.floor(value) : undefined

/** A place as somebody wrote it; nothing where it says too little. */
function placeOf(i: string, value: unknown): Place | undefined {
  if (!isObject(value)) return undefined
  const [x, y, w, h] = [cell(value['x'], 0), cell(value['y'], 0), cell(value['w'], 1), cell(value['h'], 1)]
  if (x === undefined || y === undefined || w === undefined || h === undefined) return undefined
  const [minW, minH] = [cell(value['minW'], 1), cell(value['minH'], 1)]
  return { i, x, y, w, h, ...(minW ? { minW } : {}), ...(minH ? { minH } : {}) }
}

/** What a list of the layout says about a widget. */
function said(list: unknown, id: string): Place | undefined {
  if (!Array.isArray(list)) return undefined
  return placeOf(
    id,
    list.find(entry => isObject(entry) && entry['i'] === id),
  )
}

export function itemOf(widget: Fed): Item {
  const { widget_id, title, widget_type, widget_config, aggregation, refresh_interval, max_samples } = widget
  const config = widget_config as Record<string, unknown>
  return {
    widget_id,
    title,
    widget_type,
    widget_config: config,
    source: sourceOf(widget),
    aggregation,
    refresh_interval,
    max_samples,
  }
}

function sourceOf(of: Source): Source {
  if (of.data_source_type === 'device_sensor') {
    return { data_source_type: 'device_sensor', device_id: of.device_id, sensor_type: of.sensor_type }
  }
  if (of.data_source_type === 'flow_node') {
    const { flow_id, node_id, output_field = 'output' } = of
    return { data_source_type: 'flow_node', flow_id, node_id, output_field }
  }
  return { data_source_type: 'static', static_value: of.static_value ?? null }
}

/** What of a template and its widgets is looked at. */
export type Told = Pick<
  Template,
  | 'name'
  | 'description'
  | 'project_id'
  | 'update_frequency'
  | 'layout'
  | 'widgets'
  | 'flow_config'
  | 'datasources'
>
export type Fed = Omit<Item, 'source' | 'widget_config'> & {
  widget_config: object
  grid_position: object
} & Source

/** What stands in the template and its widgets. */
export function boardOf(template: Told, widgets: readonly Fed[]): Board {
  const { name, description, project_id, update_frequency, flow_config, datasources } = template
  const layout = template.layout as Record<string, unknown>
  const items = widgets.map(itemOf)
  const positions = new Map(widgets.map(widget => [widget.widget_id, widget.grid_position]))
  const wide = settle(
    boxes(items).map(
      ({ widget_id: id }) =>
        said(layout['lg'], id) ?? placeOf(id, positions.get(id)) ?? { i: id, x: 0, y: 0, w: 4, h: 3 },
    ),
    COLUMNS.lg,
  )
  const others = (size: Size) => {
    if (!Array.isArray(layout[size])) return null
    const known = wide.flatMap(({ i }) => said(layout[size], i) ?? [])
    return complete(known, wide, size)
  }
  return {
    name,
    description,
    project_id: project_id ?? null,
    update_frequency,
    items,
    layouts: { lg: wide, md: others('md'), sm: others('sm') },
    kept: {
      layout: Object.fromEntries(Object.entries(layout).filter(([key]) => !SIZES.includes(key as Size))),
      widgets: template.widgets as Record<string, unknown>[],
      datasources: datasources as Record<string, unknown>[],
      flow_config: flow_config as Record<string, unknown>,
    },
  }
}

/** A narrow layout with exactly the widgets of the wide one: those that it has no place for come below. */
export function complete(known: Layout, wide: Layout, size: Size): Place[] {
  const have = new Map(known.map(place => [place.i, place]))
  const below = 1 + Math.max(0, ...known.map(place => place.y + place.h))
  const made = new Map(narrowed(wide, size).map(place => [place.i, { ...place, y: place.y + below }]))
  const all = wide.flatMap(({ i }) => have.get(i) ?? made.get(i) ?? [])
  return settle(all, COLUMNS[size])
}

/** A dashboard with nothing on it. */
export function emptyBoard(name: string): Board {
  return {
    name,
    description: '',
    project_id: null,
    update_frequency: 5,
    items: [],
    layouts: { lg: [], md: null, sm: null },
    kept: { layout: {}, widgets: [], datasources: [], flow_config: {} },
  }
}
