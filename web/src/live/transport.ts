/**
 * The way that frames travel. A WebSocket is the first choice; server-sent events and polling can take its place
 * behind the same interface: they answer a `sub` with a `snap` and go on with `upd`.
 */
import type { Inbound, Outbound } from './frames'

export interface Heard {
  open(): void
  frame(frame: Inbound): void
  /** It is over, whoever ended it: no more calls come after this. `code` as of a WebSocket. */
  closed(code: number, reason: string): void
}

export interface Way {
  send(frame: Outbound): void
  /** Ends it; `closed` is not called for this. */
  close(): void
}

export type Open = (heard: Heard) => Way

/** The live socket of the server that the page came from. The session cookie says who asks. */
export const webSocket: Open = heard => {
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws'
  const socket = new WebSocket(`${scheme}://${location.host}/ws/v1/live`)
  socket.onopen = () => heard.open()
  socket.onmessage = event => heard.frame(JSON.parse(event.data as string) as Inbound)
  socket.onclose = event => heard.closed(event.code, event.reason)
  return {
    send: frame => socket.send(JSON.stringify(frame)),
    close: () => {
      socket.onopen = null
      socket.onmessage = null
      socket.onclose = null
      socket.close()
    },
  }
}
