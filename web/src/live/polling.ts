/**
 * Live values by asking again and again. A browser holds six connections to a server: up to three widgets have one each, on which the
 * server answers when there is something new; more than that are asked in turn, each about once a second.
 */
import type { Inbound, Outbound, Position } from './frames'
import { type Asked, address, askedBy, headers, noWay, refusal } from './http'
import { LOST, type Open, type Way } from './transport'

const AT_ONCE = 3
/** How long the server keeps an answer back while there is nothing new. */
const WAIT_S = 25
/** Of those that take turns, each is asked no oftener. */
const TURN_MS = 1_000

interface Answer {
  frames: Inbound[]
  epoch: number
  offset: number
}

interface Asking {
  asked: Asked
  place: Position | undefined
  stopped: AbortController
  /** When it may be asked next, as of `performance.now`. */
  due: number
  isAsking: boolean
}

export function polling(share?: string): Way {
  const open: Open = heard => {
    const all = new Map<number, Asking>()
    let isOver = false
    let timer: ReturnType<typeof setTimeout> | undefined
    const close = () => {
      isOver = true
      clearTimeout(timer)
      for (const { stopped } of all.values()) stopped.abort()
      all.clear()
    }
    const end = (code: number, why: string) => {
      if (isOver) return
      close()
      heard.closed(code, why)
    }
    const ask = async (asking: Asking) => {
      const { asked, place, stopped } = asking
      const takesTurns = all.size > AT_ONCE
      const answer = await fetch(
        address('poll', place ? { ...asked, from: undefined } : asked, share, {
          ...(place ?? {}),
          wait_s: takesTurns ? 0 : WAIT_S,
        }),
        { headers: headers(share), signal: stopped.signal },
      )
      if (isOver || stopped.signal.aborted) return
      if (!answer.ok) {
        const said = await refusal(answer, asked.id)
        if ('closed' in said) return end(said.closed, said.why)
        all.delete(asked.id)
        heard.frame(said)
        return
      }
      const { frames, epoch, offset } = (await answer.json()) as Answer
      if (isOver || stopped.signal.aborted) return
      asking.place = { epoch, offset }
      asking.due = performance.now() + (takesTurns ? TURN_MS : 0)
      for (const frame of frames) {
        heard.frame(frame.t === 'bye' || frame.t === 'pong' ? frame : { ...frame, id: asked.id })
        if (frame.t === 'bye') return end(LOST, 'the server goes down')
      }
    }
    const go = () => {
      clearTimeout(timer)
      if (isOver) return
      const now = performance.now()
      const waiting = [...all.values()].filter(({ isAsking }) => !isAsking).sort((a, b) => a.due - b.due)
      let free = AT_ONCE - (all.size - waiting.length)
      for (const asking of waiting) {
        if (free <= 0 || asking.due > now) break
        free -= 1
        asking.isAsking = true
        const { stopped } = asking
        ask(asking)
          .catch(error => {
            if (!stopped.signal.aborted) end(LOST, String(error))
          })
          .finally(() => {
            asking.isAsking = false
            go()
          })
      }
      const next = waiting.find(({ isAsking }) => !isAsking)
      if (free > 0 && next) timer = setTimeout(go, Math.max(0, next.due - now))
    }
    const send = (frame: Outbound) => {
      if (frame.t === 'unsub') {
        all.get(frame.id)?.stopped.abort()
        all.delete(frame.id)
      } else if (frame.t === 'sub') {
        const asked = askedBy(frame)
        if (!asked) {
          queueMicrotask(() => !isOver && heard.frame(noWay(frame.id)))
          return
        }
        const stopped = new AbortController()
        all.set(asked.id, { asked, place: asked.place, stopped, due: 0, isAsking: false })
        // those that wait at the server for long make room, when more take turns than have a connection each
        if (all.size === AT_ONCE + 1) rouse()
        queueMicrotask(go)
      }
    }
    const rouse = () => {
      for (const asking of all.values()) {
        if (!asking.isAsking) continue
        asking.stopped.abort()
        asking.stopped = new AbortController()
      }
    }
    queueMicrotask(() => !isOver && heard.open())
    return { send, close }
  }
  return { name: 'polling', open, most: Number.POSITIVE_INFINITY, answersPing: false }
}
