/** Other devices and flows in place of those that a file names and that are not here. */
import type { Board, Item } from './board'

/** Something that feeds a dashboard. */
export interface Feeder {
  kind: 'device' | 'flow'
  id: string
  /** What the file calls it. */
  name: string | undefined
}

/** The id of what takes the place of which id; null for nothing. */
export type Replacements = ReadonlyMap<string, string | null>

export function feedersOf(
  board: Board,
  names: { devices: Record<string, string>; flows: Record<string, string> },
) {
  const found = new Map<string, Feeder>()
  for (const { source } of board.items) {
    if (source.data_source_type === 'device_sensor') {
      const id = source.device_id
      found.set(id, { kind: 'device', id, name: names.devices[id] })
    } else if (source.data_source_type === 'flow_node') {
      const id = source.flow_id
      found.set(id, { kind: 'flow', id, name: names.flows[id] })
    }
  }
  return [...found.values()]
}

/** A widget whose device or flow is missing and replaced by nothing stays, without a source. */
export function replaced(board: Board, by: Replacements, missing: readonly { id: string }[]): Board {
  const gone = new Set(missing.map(({ id }) => id))
  const items = board.items.map((item): Item => {
    const { source } = item
    if (source.data_source_type === 'static') return item
    const id = source.data_source_type === 'flow_node' ? source.flow_id : source.device_id
    if (!gone.has(id)) return item
    const other = by.get(id)
    if (!other) return { ...item, source: { data_source_type: 'static', static_value: null } }
    return source.data_source_type === 'flow_node'
      ? { ...item, source: { ...source, flow_id: other } }
      : { ...item, source: { ...source, device_id: other } }
  })
  return { ...board, items }
}
