/**
 * A dashboard as a file, to be kept or taken to another server. Devices and flows go by their ids; their names stand beside, so that
 * on a server that has other ids they can be found again.
 */
import type { Aggregation, Board, Item, Source, WidgetType } from './board'
import { boxes, complete } from './board'
import { COLUMNS, type Place, settle } from './place'

const FORMAT = 'edgesync.dashboard'
const VERSION = 1

export interface Names {
  devices: Record<string, string>
  flows: Record<string, string>
}

export interface DashboardFile extends Names {
  format: typeof FORMAT
  version: typeof VERSION
  board: Omit<Board, 'project_id'>
}

/** The project stays behind: it belongs to an organization. */
export function fileOf(board: Board, names: Names): DashboardFile {
  const { project_id: _, ...rest } = board
  return { format: FORMAT, version: VERSION, ...names, board: rest }
}

/** A name for the file that any system takes. */
export function fileName(board: Board): string {
  const plain = board.name.toLowerCase().replaceAll(/[^a-z0-9]+/g, '-')
  return `${plain.replaceAll(/^-|-$/g, '') || 'dashboard'}.dashboard.json`
}

export class NotADashboard extends Error {}

const TYPES: readonly string[] = [
  'time_series',
  'bar_chart',
  'gauge',
  'stat_panel',
  'pie_chart',
  'table',
  'histogram',
  'xy_chart',
  'trend_chart',
  'status',
  'switch',
  'button',
  'slider',
  'text',
] satisfies WidgetType[]
const AGGREGATIONS: readonly string[] = ['last', 'avg', 'sum', 'count', 'min', 'max'] satisfies Aggregation[]

type Json = Record<string, unknown>
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const object = (value: unknown): Json => (isObject(value) ? value : {})
const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])
const text = (value: unknown, otherwise = ''): string => (typeof value === 'string' ? value : otherwise)
const whole = (value: unknown, otherwise: number, least: number, most: number): number =>
  typeof value === 'number' && Number.isFinite(value)
    ? Math.min(Math.max(Math.round(value), least), most)
    : otherwise

/** Reads a file that somebody gives. Throws `NotADashboard`, with what is wrong, where it is none. */
export function readFile(content: string): { board: Board; names: Names } {
  let told: unknown
  try {
    told = JSON.parse(content)
  } catch {
    throw new NotADashboard('It is not JSON.')
  }
  if (!isObject(told) || told['format'] !== FORMAT) {
    throw new NotADashboard('It is not a dashboard that EdgeSync exported.')
  }
  if (told['version'] !== VERSION) {
    throw new NotADashboard(`It is of format version ${told['version']}; this EdgeSync reads ${VERSION}.`)
  }
  const board = object(told['board'])
  const items = uniquely(objects(board['items']).map(readItem))
  const layouts = object(board['layouts'])
  const lg = settle(
    boxes(items).map(
      ({ widget_id }) => places(layouts['lg']).find(({ i }) => i === widget_id) ?? below(widget_id),
    ),
    COLUMNS.lg,
  )
  const known = (list: unknown) => places(list).filter(({ i }) => lg.some(place => place.i === i))
  const narrow = (size: 'md' | 'sm') =>
    Array.isArray(layouts[size]) ? complete(known(layouts[size]), lg, size) : null
  const kept = object(board['kept'])
  return {
    board: {
      name: text(board['name'], 'Imported dashboard').slice(0, 200) || 'Imported dashboard',
      description: text(board['description']).slice(0, 10_000),
      project_id: null,
      update_frequency: whole(board['update_frequency'], 5, 1, 86_400),
      items,
      layouts: { lg, md: narrow('md'), sm: narrow('sm') },
      kept: {
        layout: object(kept['layout']),
        widgets: objects(kept['widgets']),
        datasources: objects(kept['datasources']),
        flow_config: object(kept['flow_config']),
      },
    },
    names: { devices: strings(told['devices']), flows: strings(told['flows']) },
  }
}

function strings(value: unknown): Record<string, string> {
  return Object.fromEntries(
    Object.entries(object(value)).flatMap(([id, name]) => (typeof name === 'string' ? [[id, name]] : [])),
  )
}

function readItem(told: Json): Item {
  const type = text(told['widget_type'])
  if (!TYPES.includes(type)) {
    throw new NotADashboard(`It has a widget of a kind that this EdgeSync does not know: “${type}”.`)
  }
  const id = text(told['widget_id'])
  if (id === '' || id.length > 64) throw new NotADashboard('It has a widget without an id.')
  const aggregation = text(told['aggregation'], 'last')
  return {
    widget_id: id,
    title: text(told['title']).slice(0, 200),
    widget_type: type as WidgetType,
    widget_config: object(told['widget_config']),
    source: readSource(object(told['source'])),
    aggregation: (AGGREGATIONS.includes(aggregation) ? aggregation : 'last') as Aggregation,
    refresh_interval: whole(told['refresh_interval'], 1_000, 100, 86_400_000),
    max_samples: whole(told['max_samples'], 50, 1, 10_000),
  }
}

function readSource(told: Json): Source {
  const [device_id, sensor_type] = [text(told['device_id']), text(told['sensor_type'])]
  if (told['data_source_type'] === 'device_sensor' && device_id && sensor_type) {
    return { data_source_type: 'device_sensor', device_id, sensor_type }
  }
  const [flow_id, node_id] = [text(told['flow_id']), text(told['node_id'])]
  if (told['data_source_type'] === 'flow_node' && flow_id && node_id) {
    const output_field = text(told['output_field'], 'output')
    return { data_source_type: 'flow_node', flow_id, node_id, output_field }
  }
  return { data_source_type: 'static', static_value: told['static_value'] ?? null }
}

function uniquely(items: Item[]): Item[] {
  const ids = new Set(items.map(item => item.widget_id))
  if (ids.size < items.length) throw new NotADashboard('It has two widgets with the same id.')
  if (items.length > 200) throw new NotADashboard('It has more than 200 widgets.')
  return items
}

function places(list: unknown): Place[] {
  return objects(list).flatMap(entry => {
    const i = text(entry['i'])
    if (i === '') return []
    const [minW, minH] = [entry['minW'], entry['minH']]
    return [
      {
        i,
        x: whole(entry['x'], 0, 0, 1_000),
        y: whole(entry['y'], 0, 0, 100_000),
        w: whole(entry['w'], 4, 1, 1_000),
        h: whole(entry['h'], 3, 1, 1_000),
        ...(typeof minW === 'number' && minW >= 1 ? { minW: whole(minW, 1, 1, 1_000) } : {}),
        ...(typeof minH === 'number' && minH >= 1 ? { minH: whole(minH, 1, 1, 1_000) } : {}),
      },
    ]
  })
}

const below = (i: string): Place => ({ i, x: 0, y: 100_000, w: 4, h: 3 })
