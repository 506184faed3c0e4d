/** What came of a run, read from the object that an execution carries. What is not as it should be is left out. */
import { type Fields, isFields, own } from '../diff/json'

/** A record that differs: what the draft puts out, and what runs. `undefined` is none. */
export interface Difference {
  device: string | undefined
  sensor: string | undefined
  timestamp: string
  draft: unknown
  deployed: unknown
}

/** What left one of the last nodes, by both. */
export interface Compared {
  node: string
  same: number
  changed: number
  onlyDraft: number
  onlyDeployed: number
  differences: Difference[]
  /** There were more than are compared. */
  isCut: boolean
}

export interface Comparison {
  isSame: boolean
  /** Those first that differ, and of those the ones that differ most. */
  nodes: Compared[]
}

export function comparisonOf(result: Fields): Comparison | undefined {
  const told = own(result, 'compared_with_deployed')
  if (!isFields(told) || !isFields(told['nodes'])) return undefined
  const nodes = Object.entries(told['nodes']).flatMap(([node, of]): Compared[] => {
    if (!isFields(of)) return []
    const differences = Array.isArray(of['differences']) ? of['differences'].filter(isFields) : []
    return [
      {
        node,
        same: count(of, 'same'),
        changed: count(of, 'changed'),
        onlyDraft: count(of, 'only_draft'),
        onlyDeployed: count(of, 'only_deployed'),
        differences: differences.map(difference),
        isCut: of['is_cut'] === true,
      },
    ]
  })
  return {
    isSame: told['same'] === true,
    nodes: nodes.sort((a, b) => differing(b) - differing(a) || a.node.localeCompare(b.node)),
  }
}

/** How many records differ. */
export function differing({ changed, onlyDraft, onlyDeployed }: Compared): number {
  return changed + onlyDraft + onlyDeployed
}

function difference(of: Fields): Difference {
  // a record of theirs that is not there is null, as is one whose value is null: those go to the error port
  const side = (key: string) => own(of, key) ?? undefined
  return {
    device: text(of, 'device_id'),
    sensor: text(of, 'sensor_type'),
    timestamp: text(of, 'timestamp') ?? '',
    draft: side('draft'),
    deployed: side('deployed'),
  }
}

/** A record as a node was given it, or put it out. */
export interface Shown {
  device: string | undefined
  sensor: string | undefined
  timestamp: string | undefined
  value: unknown
  unit: string | undefined
  fields: Fields | undefined
  reason: string | undefined
}

export interface NodeRecords {
  /** Which port they left by; `in` for what came. */
  port: string
  records: Shown[]
}

/** The first few records of a node in a run: what came, and what left by each port. */
export function recordsOf(input: Fields, output: Fields): NodeRecords[] {
  const ports = Object.entries(output).filter(([, records]) => Array.isArray(records))
  return [['in', own(input, 'records')] as const, ...ports].flatMap(([port, records]) =>
    Array.isArray(records) && records.length > 0
      ? [{ port, records: records.filter(isFields).map(record) }]
      : [],
  )
}

function record(of: Fields): Shown {
  return {
    device: text(of, 'device_id'),
    sensor: text(of, 'sensor_type'),
    timestamp: text(of, 'timestamp'),
    value: own(of, 'value'),
    unit: text(of, 'unit'),
    fields: isFields(of['fields']) ? of['fields'] : undefined,
    reason: text(of, 'reason'),
  }
}

export interface Effect {
  node: string
  type: string
  count: number
  first: Shown | undefined
}

/** What nodes that show, store or act would have got. */
export function effectsOf(result: Fields): Effect[] {
  const told = own(result, 'effects')
  if (!Array.isArray(told)) return []
  return told.filter(isFields).map(of => ({
    node: text(of, 'node') ?? '',
    type: text(of, 'type') ?? '',
    count: count(of, 'count'),
    first: isFields(of['first']) ? record(of['first']) : undefined,
  }))
}

/** How far a run over stored readings is: readings that it met, and the part of 100 of its range. */
export function progressOf(
  result: Fields,
  from: number,
  to: number,
): { readings: number; done: number | undefined } {
  const at = Date.parse(text(result, 'at') ?? '')
  const part = (at - from) / (to - from)
  const done = Number.isFinite(part) ? Math.round(Math.min(Math.max(part, 0), 1) * 100) : undefined
  return { readings: count(result, 'readings'), done }
}

function count(of: Fields, key: string): number {
  const value = own(of, key)
  return typeof value === 'number' ? value : 0
}

function text(of: Fields, key: string): string | undefined {
  const value = own(of, key)
  return typeof value === 'string' ? value : undefined
}
