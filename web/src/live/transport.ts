/**
 * The way that frames travel. A WebSocket is the first choice; server-sent events and polling take its place
 * behind the same interface: they answer a `sub` with a `snap` and go on with `upd`.
 */
import type { Inbound, Outbound } from './frames'

export interface Heard {
  open(): void
  frame(frame: Inbound): void
  /** It is over, whoever ended it: no more calls come after this. `code` as of a WebSocket. */
  closed(code: number, reason: string): void
}

export interface Connection {
  send(frame: Outbound): void
  /** Ends it; `closed` is not called for this. */
  close(): void
}

export type Open = (heard: Heard) => Connection

/** A kind of connection, and what it is good for. */
export interface Way {
  name: 'socket' | 'events' | 'polling'
  open: Open
  /** Sources that it carries at most. */
  most: number
  /** Whether it answers `ping`. */
  answersPing: boolean
}

/** Codes of closed sockets that mean something here; the ways over HTTP end with the same. */
export const MALFORMED = 4400
export const AUTHENTICATION = 4401
export const OVER_A_LIMIT = 4403
export const LOST = 1006

/** The live socket of the server that the page came from. The session cookie says who asks, or the token of a share link. */
export function webSocket(share?: string): Way {
  const open: Open = heard => {
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
    // A browser can give a socket no header, and the cookie of a session would go before a token that comes later.
    const query = share ? `?share=${encodeURIComponent(share)}` : ''
    const socket = new WebSocket(`${scheme}://${location.host}/ws/v1/live${query}`)
    socket.onopen = () => heard.open()
    socket.onmessage = event => heard.frame(JSON.parse(event.data as string) as Inbound)
    socket.onclose = event => heard.closed(event.code, event.reason)
    return {
      send: frame => {
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame))
      },
      close: () => {
        socket.onopen = null
        socket.onmessage = null
        socket.onclose = null
        socket.close()
      },
    }
  }
  return { name: 'socket', open, most: Number.POSITIVE_INFINITY, answersPing: true }
}
