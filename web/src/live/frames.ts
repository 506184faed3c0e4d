/** Frames of the live socket, as docs/PROTOCOL.md has them. */

/** What can be watched. */
export type Source =
  | { device: string; sensor: string }
  | { widget: string }
  | { flow: string; node: string; field?: string }

/** How it is watched. */
export interface How {
  /** Milliseconds of history to begin with and to keep. Without it the newest values, however old. */
  spanMs?: number | undefined
  /** Values a second at most. Without it what the widget says, and `HZ` of what is no widget. */
  hz?: number | undefined
  /** Whether buckets are told: one of a time that was told before takes its place. */
  isBuckets?: boolean | undefined
}

/** A place in a source's values: everything before it has been told. */
export interface Position {
  epoch: number
  offset: number
}

export interface Sub {
  t: 'sub'
  id: number
  points: number
  max_hz?: number
  since?: Position
  from?: number
}

export type Outbound = (Sub & Source) | { t: 'unsub'; id: number } | { t: 'ping'; n: number }

interface Columns {
  ts: number[]
  v: unknown[]
  min?: (number | null)[]
  max?: (number | null)[]
  unit?: string
}

export interface Snap extends Columns {
  t: 'snap'
  id: number
  epoch: number
  offset: number
  recovered: boolean
  /** Length of the buckets that the columns are of, if they are. */
  bucket_ms?: number
}

export interface Upd extends Columns {
  t: 'upd'
  id: number
  offset: number
  skipped?: number
  hz?: number
}

export interface Err {
  t: 'err'
  id?: number
  code: 'forbidden' | 'not_found' | 'limit' | 'malformed' | 'unavailable'
  message: string
}

export interface Bye {
  t: 'bye'
  reason: string
  after_ms: number
}

export type Inbound = Snap | Upd | Err | Bye | { t: 'pong'; n: number }

/** One name for one source watched in one way, whoever asks. */
export function nameOf(source: Source, how: How = {}): string {
  return `${nameOfSource(source)} ${how.spanMs ?? ''} ${how.hz ?? ''} ${how.isBuckets ? 'buckets' : ''}`
}

function nameOfSource(source: Source): string {
  if ('widget' in source) return `widget ${source.widget}`
  if ('device' in source) return `device ${source.device} ${source.sensor}`
  return `flow ${source.flow} ${source.node} ${source.field ?? 'output'}`
}
