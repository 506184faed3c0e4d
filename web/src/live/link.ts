/**
 * The one live connection of this tab. It subscribes to what pages watch, comes back after a loss where it was, and says how it is.
 * Nothing here knows React, or a browser: the way, the clock and chance are given.
 */
import { MOST_MS, wait } from './backoff'
import { Feed } from './feed'
import { type Inbound, nameOf, type Source } from './frames'
import type { Open, Way } from './transport'

/** How the connection is. */
export type LinkState =
  | { kind: 'idle' }
  | { kind: 'connecting' }
  | { kind: 'live' }
  /** Lost; `at` is when it is tried again, in ms as `Clock.now`. */
  | { kind: 'waiting'; at: number; why: string }
  /** The session ended: it is not tried again. */
  | { kind: 'ended' }

export interface Clock {
  now(): number
  /** Calls back once; the answer takes it back. */
  after(ms: number, then: () => void): () => void
}

export interface Options {
  open: Open
  clock: Clock
  random: () => number
  /** The handshake was refused, or the session ended: somebody should ask who is logged in. */
  refused?: () => void
}

/** Values kept of each source, and asked for at first. */
const CAPACITY = 2_048
const POINTS = 300
/** Values a second that are asked for; one for a tab that nobody sees. */
const HZ = 20
const HZ_HIDDEN = 1
/** A page that is left for another often watches the same: the connection stays so long without anybody. */
const LINGER_MS = 5_000
/** Before a source is asked for again that the server could not read just now. */
const UNAVAILABLE_MS = 5_000

const AUTHENTICATION = 4401
const OVER_A_LIMIT = 4403

export class Link {
  readonly #options: Options
  readonly #feeds = new Map<string, Feed>()
  readonly #listeners = new Set<() => void>()
  #state: LinkState = { kind: 'idle' }
  #way: Way | undefined
  #isOpen = false
  #nextId = 1
  #failures = 0
  /** What the server asked to wait, if it said goodbye. */
  #afterMs: number | undefined
  #cancelRetry: (() => void) | undefined
  #hz = HZ

  constructor(options: Options) {
    this.#options = options
  }

  get state(): LinkState {
    return this.#state
  }

  /** Values that came on all feeds, for a rate. */
  get received(): number {
    let sum = 0
    for (const feed of this.#feeds.values()) sum += feed.received
    return sum
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The feed of a source. It is watched while somebody listens to it by `watch`. */
  feed(source: Source): Feed {
    const name = nameOf(source)
    const known = this.#feeds.get(name)
    if (known) return known
    const feed = new Feed(source, CAPACITY)
    this.#feeds.set(name, feed)
    return feed
  }

  /** Watches a source; the answer ends that. */
  watch(source: Source, listener: () => void): () => void {
    const feed = this.feed(source)
    const forget = feed.listen(listener)
    if (this.#state.kind === 'idle') this.#connect()
    else if (this.#isOpen && feed.id === 0) this.#subscribe(feed)
    let over = false
    return () => {
      if (over) return
      over = true
      forget()
      if (feed.listeners === 0) this.#options.clock.after(LINGER_MS, () => this.#leave(feed))
    }
  }

  /** A tab that nobody sees asks for less. */
  setHidden(hidden: boolean): void {
    const hz = hidden ? HZ_HIDDEN : HZ
    if (hz === this.#hz) return
    this.#hz = hz
    if (!this.#isOpen) return
    for (const feed of this.#feeds.values()) {
      if (feed.id === 0) continue
      this.#way?.send({ t: 'unsub', id: feed.id })
      this.#subscribe(feed)
    }
  }

  /** Tries at once: the network is back, or somebody asked for it. */
  retry(): void {
    if (this.#state.kind !== 'waiting') return
    this.#cancelRetry?.()
    this.#connect()
  }

  /** Ends it for good, as at a logout. Feeds are forgotten: the next user sees nothing of them. */
  stop(): void {
    this.#cancelRetry?.()
    this.#way?.close()
    this.#way = undefined
    this.#isOpen = false
    this.#failures = 0
    this.#feeds.clear()
    this.#become({ kind: 'idle' })
  }

  #connect(): void {
    this.#become({ kind: 'connecting' })
    this.#afterMs = undefined
    let way: Way | undefined
    let was = false
    way = this.#options.open({
      open: () => {
        was = true
        this.#isOpen = true
        this.#become({ kind: 'live' })
        for (const feed of this.#feeds.values()) if (feed.listeners > 0) this.#subscribe(feed)
      },
      frame: frame => {
        if (this.#way === way) this.#hear(frame)
      },
      closed: (code, reason) => {
        if (this.#way === way) this.#lost(code, reason, was)
      },
    })
    this.#way = way
  }

  #subscribe(feed: Feed): void {
    feed.id = this.#nextId++
    const since = feed.position ? { since: feed.position } : {}
    this.#way?.send({ t: 'sub', id: feed.id, points: POINTS, max_hz: this.#hz, ...since, ...feed.source })
  }

  #leave(feed: Feed): void {
    const name = nameOf(feed.source)
    if (feed.listeners > 0 || this.#feeds.get(name) !== feed) return
    if (this.#isOpen && feed.id !== 0) this.#way?.send({ t: 'unsub', id: feed.id })
    this.#feeds.delete(name)
    if (this.#feeds.size === 0 && this.#state.kind !== 'ended') this.stop()
  }

  #hear(frame: Inbound): void {
    if (frame.t === 'bye') {
      this.#afterMs = frame.after_ms
      return
    }
    const feed = this.#byId(frame.id)
    if (!feed) return
    if (frame.t === 'snap') {
      // Only what was heard makes a connection a good one.
      this.#failures = 0
      feed.snap(frame)
    } else if (frame.t === 'upd') {
      feed.upd(frame)
    } else {
      feed.err(frame)
      feed.id = 0
      if (frame.code === 'unavailable') {
        this.#options.clock.after(UNAVAILABLE_MS, () => {
          if (this.#isOpen && feed.id === 0 && feed.listeners > 0) this.#subscribe(feed)
        })
      }
    }
  }

  #byId(id: number | undefined): Feed | undefined {
    for (const feed of this.#feeds.values()) if (feed.id === id) return feed
    return undefined
  }

  #lost(code: number, reason: string, was: boolean): void {
    this.#way = undefined
    this.#isOpen = false
    for (const feed of this.#feeds.values()) feed.id = 0
    if (code === AUTHENTICATION) {
      this.#become({ kind: 'ended' })
      this.#options.refused?.()
      return
    }
    // A browser does not tell why a handshake failed: it may be that nobody is logged in any more.
    if (!was) this.#options.refused?.()
    this.#failures += 1
    const { clock, random } = this.#options
    const patience = code === OVER_A_LIMIT ? MOST_MS : wait(this.#failures, random)
    const ms = this.#afterMs ?? patience
    this.#become({ kind: 'waiting', at: clock.now() + ms, why: reason })
    this.#cancelRetry = clock.after(ms, () => this.#connect())
  }

  #become(state: LinkState): void {
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}
