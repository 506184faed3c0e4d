/** A server of live values, a clock and chance for tests: all that happens, happens when the test says so. */
import type { Inbound, Outbound, Position, Sub } from './frames'
import type { Clock } from './link'
import type { Heard, Open, Way } from './transport'

/** Draws the same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

export class FakeClock implements Clock {
  #now = 0
  #waiting: { at: number; then: () => void }[] = []

  now(): number {
    return this.#now
  }

  after(ms: number, then: () => void): () => void {
    const entry = { at: this.#now + ms, then }
    this.#waiting.push(entry)
    return () => {
      this.#waiting = this.#waiting.filter(other => other !== entry)
    }
  }

  /** Lets time pass. */
  pass(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const due = this.#waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0]
      if (!due) break
      this.#waiting = this.#waiting.filter(other => other !== due)
      this.#now = Math.max(this.#now, due.at)
      due.then()
    }
    this.#now = end
  }

  /** Milliseconds until the next thing that waits. */
  get next(): number | undefined {
    const times = this.#waiting.map(({ at }) => at - this.#now)
    return times.length > 0 ? Math.min(...times) : undefined
  }
}

/** What came to one source: each value is its own number, and offsets have holes as those of the log have. */
export class FakeSource {
  epoch = 1
  readonly values: { offset: number; ts: number; value: number }[] = []
  end = 100

  add(ts: number, hole: number): void {
    this.end += hole
    this.values.push({ offset: this.end, ts, value: this.values.length })
    this.end += 1
  }
}

interface Watching {
  sub: Sub
  /** Offset that it has been told up to. */
  told: number
}

/** The server's side of a socket. */
export class FakeSocket {
  readonly heard: Heard
  readonly sent: Outbound[] = []
  readonly watching = new Map<number, Watching>()
  isOpen = false
  isOver = false

  constructor(heard: Heard) {
    this.heard = heard
  }

  open(): void {
    this.isOpen = true
    this.heard.open()
  }

  close(code: number, reason = ''): void {
    if (this.isOver) return
    this.isOver = true
    this.heard.closed(code, reason)
  }

  say(frame: Inbound): void {
    if (!this.isOver) this.heard.frame(frame)
  }
}

export class FakeServer {
  readonly source: FakeSource
  readonly sockets: FakeSocket[] = []
  /** Values that it looks back over for who resumes. */
  lookBack = 1_000

  constructor(source = new FakeSource()) {
    this.source = source
  }

  /** A way to it. */
  way(name: Way['name'] = 'socket', most = Number.POSITIVE_INFINITY): Way {
    return { name, open: this.open, most, answersPing: name === 'socket' }
  }

  readonly open: Open = heard => {
    const socket = new FakeSocket(heard)
    this.sockets.push(socket)
    return {
      send: frame => {
        if (frame.t !== 'ping') socket.sent.push(frame)
        this.#take(socket, frame)
      },
      close: () => {
        socket.isOver = true
      },
    }
  }

  get socket(): FakeSocket {
    const newest = this.sockets.at(-1)
    if (!newest) throw new Error('nobody has connected')
    return newest
  }

  /** Asked, and not answered yet: answers go out by `answer`. */
  readonly asked: { socket: FakeSocket; sub: Sub }[] = []

  #take(socket: FakeSocket, frame: Outbound): void {
    if (frame.t === 'unsub') socket.watching.delete(frame.id)
    else if (frame.t === 'ping') this.pings.push(frame.n)
    else this.asked.push({ socket, sub: frame })
  }

  /** Pings that came; an older server answers none. */
  readonly pings: number[] = []

  /** Answers what was asked first. */
  answer(): void {
    const next = this.asked.shift()
    if (!next || next.socket.isOver) return
    const { socket, sub } = next
    const { epoch, end, values } = this.source
    const missed = sub.since && this.#missed(sub.since)
    const points = missed ?? values.slice(-sub.points)
    socket.watching.set(sub.id, { sub, told: end })
    const columns = { ts: points.map(({ ts }) => ts), v: points.map(({ value }) => value) }
    socket.say({ t: 'snap', id: sub.id, epoch, offset: end, ...columns, recovered: missed !== undefined })
  }

  #missed(since: Position) {
    if (since.epoch !== this.source.epoch) return undefined
    const missed = this.source.values.filter(({ offset }) => offset >= since.offset)
    return missed.length <= this.lookBack ? missed : undefined
  }

  /** Tells a socket's subscriptions at most so many values of those that they have not been told. */
  tell(most: number): void {
    const { socket } = this
    if (socket.isOver) return
    for (const [id, watching] of socket.watching) {
      const due = this.source.values.filter(({ offset }) => offset >= watching.told).slice(0, most)
      const last = due.at(-1)
      if (!last) continue
      watching.told = last.offset + 1
      socket.say({
        t: 'upd',
        id,
        offset: watching.told,
        ts: due.map(({ ts }) => ts),
        v: due.map(({ value }) => value),
      })
    }
  }
}
