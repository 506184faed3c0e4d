/** Flows to begin with. Each runs as soon as a device is chosen. */
import type { FlowInput } from '../../api/flows'
import type { Fields } from './diff/json'

export interface Example {
  id: string
  name: string
  /** What it does, for who chooses. */
  says: string
  make(device: string | undefined): Pick<FlowInput, 'nodes' | 'edges'>
}

/** Nodes in rows of one line each, left to right. */
const GAP = { x: 272, y: 144 }

function node(id: string, type: string, column: number, row: number, data: Fields): Fields {
  return { id, type, position: { x: column * GAP.x, y: row * GAP.y }, data }
}

function edge(source: string, target: string, sourceHandle?: string): Fields {
  const id = `${source}:${sourceHandle ?? 'out'}-${target}:in`
  return { id, source, target, ...(sourceHandle ? { sourceHandle } : {}) }
}

function readings(device: string | undefined): Fields {
  return node('device-sensor', 'device-sensor', 0, 0, {
    label: 'Readings',
    devices: device ? [device] : [],
    sensors: [],
  })
}

const drawn = (nodes: Fields[], edges: Fields[]) =>
  ({ nodes, edges }) as unknown as Pick<FlowInput, 'nodes' | 'edges'>

export const examples: Example[] = [
  {
    id: 'smooth',
    name: 'Smooth a sensor',
    says: 'The mean of the last ten values of each sensor, for a dashboard.',
    make: device =>
      drawn(
        [
          readings(device),
          node('moving-average', 'moving-average', 1, 0, { label: 'Mean of 10', windowSize: 10 }),
          node('display', 'display', 2, 0, { label: 'Smoothed' }),
        ],
        [edge('device-sensor', 'moving-average'), edge('moving-average', 'display')],
      ),
  },
  {
    id: 'limit',
    name: 'Sort out what is too high',
    says: 'Values above a limit leave one way, all others another; what cannot be compared is looked at.',
    make: device =>
      drawn(
        [
          readings(device),
          node('filter', 'filter', 1, 0, { label: 'Above 30', expression: 'value > 30.0' }),
          node('display', 'display', 2, 0, { label: 'Too high' }),
          node('debug', 'debug', 2, 1, { label: 'As it should be' }),
          node('debug-2', 'debug', 2, 2, { label: 'Not a number' }),
        ],
        [
          edge('device-sensor', 'filter'),
          edge('filter', 'display'),
          edge('filter', 'debug', 'else'),
          edge('filter', 'debug-2', 'error'),
        ],
      ),
  },
  {
    id: 'minutes',
    name: 'Store a mean a minute',
    says: 'One value a minute of each sensor, kept in the database under a name of its own.',
    make: device =>
      drawn(
        [
          readings(device),
          node('window', 'window', 1, 0, {
            label: 'Mean a minute',
            type: 'tumbling',
            size: '1m',
            aggregates: ['avg'],
          }),
          node('store', 'store', 2, 0, { label: 'Keep it', series: 'minute_mean' }),
        ],
        [edge('device-sensor', 'window'), edge('window', 'store')],
      ),
  },
]
