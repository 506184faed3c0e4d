/** Frames of the live socket, as docs/PROTOCOL.md has them. */

/** What can be watched. */
export type Source =
  | { device: string; sensor: string }
  | { widget: string }
  | { flow: string; node: string; field?: string }

/** A place in a source's values: everything before it has been told. */
export interface Position {
  epoch: number
  offset: number
}

export interface Sub {
  t: 'sub'
  id: number
  points: number
  max_hz: number
  since?: Position
}

export type Outbound = (Sub & Source) | { t: 'unsub'; id: number }

export interface Snap {
  t: 'snap'
  id: number
  epoch: number
  offset: number
  ts: number[]
  v: unknown[]
  unit?: string
  recovered: boolean
}

export interface Upd {
  t: 'upd'
  id: number
  offset: number
  ts: number[]
  v: unknown[]
  min?: (number | null)[]
  max?: (number | null)[]
  skipped?: number
  unit?: string
  hz?: number
}

export interface Err {
  t: 'err'
  id?: number
  code: 'forbidden' | 'not_found' | 'limit' | 'malformed' | 'unavailable'
  message: string
}

export type Inbound = Snap | Upd | Err | { t: 'bye'; reason: string; after_ms: number }

/** One name for one source, whoever asks. */
export function nameOf(source: Source): string {
  if ('widget' in source) return `widget ${source.widget}`
  if ('device' in source) return `device ${source.device} ${source.sensor}`
  return `flow ${source.flow} ${source.node} ${source.field ?? 'output'}`
}
