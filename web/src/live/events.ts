/**
 * Live values as server-sent events, a stream for each widget. They are read with `fetch`, as an `EventSource` can neither begin where
 * a WebSocket stopped nor show the token of a share link.
 */
import type { Inbound, Outbound } from './frames'
import { type Asked, address, askedBy, headers, noWay, refusal } from './http'
import { LOST, type Open, type Way } from './transport'

/** Browsers hold six connections to a server, for all tabs; the pages need some too. */
const MOST = 4

/** Takes the frames out of a stream of events, however it is cut. */
export class EventReader {
  #rest = ''

  /** The data of the events that `text` completes. */
  take(text: string): string[] {
    this.#rest += text
    const events = this.#rest.split(/\r?\n\r?\n/)
    this.#rest = events.pop() ?? ''
    return events.flatMap(event => {
      const data = event
        .split(/\r?\n/)
        .filter(line => line.startsWith('data:'))
        .map(line => line.slice(5).replace(/^ /, ''))
      return data.length > 0 ? [data.join('\n')] : []
    })
  }
}

export function events(share?: string): Way {
  const open: Open = heard => {
    const streams = new Map<number, AbortController>()
    let isOver = false
    const close = () => {
      isOver = true
      for (const stream of streams.values()) stream.abort()
      streams.clear()
    }
    const end = (code: number, why: string) => {
      if (isOver) return
      close()
      heard.closed(code, why)
    }
    const read = async (asked: Asked, stopped: AbortSignal) => {
      const place: Record<string, string> = asked.place
        ? { 'last-event-id': `${asked.place.epoch}:${asked.place.offset}` }
        : {}
      const answer = await fetch(address('events', asked, share), {
        headers: { ...headers(share), ...place, accept: 'text/event-stream' },
        signal: stopped,
      })
      if (!answer.ok || !answer.body) {
        const said = await refusal(answer, asked.id)
        if ('closed' in said) end(said.closed, said.why)
        else if (!isOver) heard.frame(said)
        return
      }
      const [reader, decoder, parts] = [answer.body.getReader(), new TextDecoder(), new EventReader()]
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        for (const data of parts.take(decoder.decode(value, { stream: true }))) {
          const frame = JSON.parse(data) as Inbound
          // Streams know no ids: each is of one subscription.
          const told = frame.t === 'bye' || frame.t === 'pong' ? frame : { ...frame, id: asked.id }
          if (!isOver && !stopped.aborted) heard.frame(told)
          // What it says no to ends the stream, and nothing else.
          if (frame.t === 'err') return
        }
      }
      end(LOST, 'the stream ended')
    }
    const send = (frame: Outbound) => {
      if (frame.t === 'unsub') {
        streams.get(frame.id)?.abort()
        streams.delete(frame.id)
      } else if (frame.t === 'sub') {
        const asked = askedBy(frame)
        if (!asked) {
          queueMicrotask(() => !isOver && heard.frame(noWay(frame.id)))
          return
        }
        const stream = new AbortController()
        streams.set(asked.id, stream)
        read(asked, stream.signal).catch(error => {
          if (!stream.signal.aborted) end(LOST, String(error))
        })
      }
    }
    queueMicrotask(() => !isOver && heard.open())
    return { send, close }
  }
  return { name: 'events', open, most: MOST, answersPing: false }
}
