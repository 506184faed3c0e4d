/** Dashboards and edits by chance, for tests: the same seed makes the same. */
import type { Board, Item, Source, WidgetType } from './board'
import { boxes, emptyBoard, layoutOf } from './board'
import { added, arranged, changed, duplicated, followed, joined, removed, told } from './edits'
import { type Direction, moved, resized } from './keys'
import { SIZES, type Size } from './place'

export type Random = () => number

/** Marsaglia's xorshift with 32 bits: enough to vary tests. */
export function seeded(seed: number): Random {
  let state = seed | 0 || 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
}

/** The seed of this run, or the one that a failed run printed. */
export function seedOf(name: string): number {
  const seed = Number(process.env['SEED'] ?? Math.floor(Math.random() * 2 ** 31))
  // biome-ignore lint/suspicious/noConsole: a run that fails can be had again
  console.info(`${name}: SEED=${seed}`)
  return seed
}

const pick = <T>(random: Random, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
const whole = (random: Random, least: number, most: number) =>
  least + Math.floor(random() * (most - least + 1))

const TYPES: WidgetType[] = ['time_series', 'gauge', 'stat_panel', 'text', 'xy_chart', 'switch']
const DIRECTIONS: Direction[] = ['left', 'right', 'up', 'down']

function source(random: Random): Source {
  const n = whole(random, 1, 9)
  return pick<Source>(random, [
    { data_source_type: 'device_sensor', device_id: `device-${n}`, sensor_type: `sensor/${n}` },
    { data_source_type: 'flow_node', flow_id: `flow-${n}`, node_id: `node-${n}`, output_field: 'output' },
    { data_source_type: 'static', static_value: pick(random, [null, 7, 'text', true, { lat: n }, [1, n]]) },
  ])
}

function item(random: Random, widget_id: string): Item {
  const widget_type = pick(random, TYPES)
  return {
    widget_id,
    title: pick(random, ['', 'Temperature', 'Überdruck “Süd”', 'a\u00e9']),
    widget_type,
    widget_config: pick<Record<string, unknown>>(random, [
      {},
      { unit: 'C', thresholds: [{ from: 1, state: 'ok' }] },
    ]),
    source: source(random),
    aggregation: pick(random, ['last', 'avg', 'max'] as const),
    refresh_interval: whole(random, 100, 10_000),
    max_samples: whole(random, 1, 1_000),
  }
}

/** One edit, as somebody might make it; one that cannot be made leaves everything as it is. */
export function anEdit(random: Random, n: number): (board: Board) => Board {
  const id = (board: Board) => (board.items.length > 0 ? pick(random, board.items).widget_id : 'none')
  const size: Size = pick(random, SIZES)
  const to = pick(random, DIRECTIONS)
  const roll = random()
  if (roll < 0.3) {
    const room = {
      w: whole(random, 1, 14),
      h: whole(random, 1, 6),
      ...(random() < 0.5 ? { minW: 2, minH: 2 } : {}),
    }
    const made = item(random, `w${n}`)
    return board => added(board, made, room)
  }
  if (roll < 0.4) return board => removed(board, id(board))
  if (roll < 0.45) return board => duplicated(board, id(board), `copy${n}`)
  if (roll < 0.5) {
    const made = item(random, `guest${n}`)
    return board => {
      const hosts = boxes(board.items).filter(host => !host.widget_config['part_of'])
      return hosts.length > 0 ? joined(board, made, pick(random, hosts).widget_id) : board
    }
  }
  if (roll < 0.65) return board => arranged(board, size, moved(layoutOf(board, size), id(board), to, size))
  if (roll < 0.8) return board => arranged(board, size, resized(layoutOf(board, size), id(board), to, size))
  if (roll < 0.9) {
    const { title, source, max_samples } = item(random, '')
    return board => changed(board, id(board), { title, source, max_samples })
  }
  if (roll < 0.95) return board => followed(board, size === 'lg' ? 'md' : size)
  return board => told(board, { name: `name ${n}`, project_id: pick(random, [null, 'project-1']) })
}

export function aBoard(random: Random, edits: number): Board {
  let board = emptyBoard('A dashboard')
  for (let n = 0; n < edits; n++) board = anEdit(random, n)(board)
  return board
}
