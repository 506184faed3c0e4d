/**
 * The one live connection of this tab. It subscribes to what pages watch, comes back after a loss where it was, takes another way
 * where the network lets the first one not through, and says how it is. Nothing here knows React, or a browser: ways, the clock and
 * chance are given.
 */
import { MOST_MS, wait } from './backoff'
import { Feed, SPAN_POINTS } from './feed'
import { type How, type Inbound, nameOf, type Outbound, type Source, type Sub } from './frames'
import { Pulse } from './pulse'
import { AUTHENTICATION, type Connection, LOST, MALFORMED, OVER_A_LIMIT, type Way } from './transport'

/** How the connection is. */
export type LinkState =
  | { kind: 'idle' }
  | { kind: 'connecting' }
  /** `latencyMs` is how long the server takes to answer, where it says so. */
  | { kind: 'live'; via: Way['name']; latencyMs?: number }
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
  /** The ways, the best first. */
  ways: readonly [Way, ...Way[]]
  clock: Clock
  random: () => number
  /** The time by the server's clock, as far as it is known: history is asked for by it. */
  serverNow?: () => number
  /** Whether the server answers at all: then it is the way that is blocked. */
  reaches?: () => Promise<boolean>
  /** The handshake was refused, or the session ended: somebody should ask who is logged in. */
  refused?: () => void
}

/** Values that are asked for at first, of what has no span. */
const POINTS = 300
/** Values a second that are asked for of what is no widget, and of all in a tab that nobody sees. */
export const HZ = 20
const HZ_HIDDEN = 1
/** A page that is left for another often watches the same: the connection stays so long without anybody. */
const LINGER_MS = 5_000
/** Before a source is asked for again that the server could not read just now. */
const UNAVAILABLE_MS = 5_000
/** A connection on which nothing was heard for so long after it was asked is none. */
const MUTE_MS = 15_000
/** A way that failed so often while the server answered by HTTP is blocked. */
const BLOCKED = 2
/** How often the first way is tried again while another one is used: at first, and at last. */
const PROBE_MS = 5_000
const PROBE_MOST_MS = 120_000

export class Link {
  readonly #options: Options
  readonly #feeds = new Map<string, Feed>()
  readonly #byId = new Map<number, Feed>()
  readonly #listeners = new Set<() => void>()
  readonly #pulse: Pulse
  #state: LinkState = { kind: 'idle' }
  /** Place of the way that is used among the ways. */
  #at = 0
  #connection: Connection | undefined
  #isOpen = false
  #hasHeard = false
  #nextId = 1
  #failures = 0
  /** How often in a row the present way failed without a word while the server answered otherwise. */
  #blocked = 0
  /** What the server asked to wait, if it said goodbye. */
  #afterMs: number | undefined
  #cancelRetry: (() => void) | undefined
  #cancelMute: (() => void) | undefined
  #probe: Connection | undefined
  #probes = 0
  #cancelProbe: (() => void) | undefined
  #isHidden = false

  constructor(options: Options) {
    this.#options = options
    this.#pulse = new Pulse(options.clock, {
      send: n => this.#send({ t: 'ping', n }),
      latency: ms => {
        if (this.#state.kind === 'live') this.#become({ ...this.#state, latencyMs: ms })
      },
      // It answered before and does not any more: whatever lies between does not say that it is gone.
      silent: () => this.#drop('it does not answer'),
    })
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

  /** What is watched now. */
  get feeds(): Iterable<Feed> {
    return this.#feeds.values()
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** The feed of a source. It is watched while somebody listens to it by `watch`. */
  feed(source: Source, how: How = {}): Feed {
    const name = nameOf(source, how)
    const known = this.#feeds.get(name)
    if (known) return known
    const feed = new Feed(source, how)
    this.#feeds.set(name, feed)
    return feed
  }

  /** Watches a source; the answer ends that. */
  watch(source: Source, listener: () => void, how: How = {}): () => void {
    const feed = this.feed(source, how)
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
    if (hidden === this.#isHidden) return
    this.#isHidden = hidden
    if (!this.#isOpen) return
    for (const feed of [...this.#byId.values()]) this.#subscribe(feed)
  }

  /** Tries at once: the network is back, or somebody asked for it. */
  retry(): void {
    if (this.#state.kind === 'waiting') {
      this.#cancelRetry?.()
      this.#connect()
    } else if (this.#at > 0 && this.#isOpen) {
      this.#probes = 0
      this.#tryFirst()
    }
  }

  /** Ends it for good, as at a logout. Feeds are forgotten: the next user sees nothing of them. */
  stop(): void {
    this.#cancelRetry?.()
    this.#close()
    this.#at = 0
    this.#failures = 0
    this.#blocked = 0
    this.#feeds.clear()
    this.#become({ kind: 'idle' })
  }

  get #way(): Way {
    return this.#options.ways[this.#at] ?? this.#options.ways[0]
  }

  #connect(): void {
    this.#become({ kind: 'connecting' })
    this.#afterMs = undefined
    this.#hasHeard = false
    let connection: Connection | undefined
    connection = this.#way.open({
      open: () => {
        if (this.#connection === connection) this.#opened()
      },
      frame: frame => {
        if (this.#connection === connection) this.#hear(frame)
      },
      closed: (code, reason) => {
        if (this.#connection === connection) this.#lost(code, reason, true)
      },
    })
    this.#connection = connection
    this.#listenFor()
  }

  #opened(): void {
    this.#isOpen = true
    this.#become({ kind: 'live', via: this.#way.name })
    const opened = this.#connection
    for (const feed of this.#feeds.values()) {
      if (feed.listeners > 0) this.#subscribe(feed)
      // they were more than it carries
      if (this.#connection !== opened) return
    }
    this.#listenFor()
    if (this.#way.answersPing) this.#pulse.begin()
    if (this.#at > 0) this.#tryFirstLater()
  }

  /** Whoever asked and hears nothing for long is on a connection that only looks like one. */
  #listenFor(): void {
    this.#cancelMute?.()
    this.#cancelMute = this.#options.clock.after(MUTE_MS, () => {
      if (this.#hasHeard || !this.#connection) return
      if (!this.#isOpen || this.#byId.size > 0) this.#drop('nothing is heard on it')
    })
  }

  #close(): void {
    this.#cancelMute?.()
    this.#cancelProbe?.()
    this.#pulse.end()
    this.#probe?.close()
    this.#probe = undefined
    this.#connection?.close()
    this.#connection = undefined
    this.#isOpen = false
    this.#byId.clear()
    for (const feed of this.#feeds.values()) feed.id = 0
  }

  #drop(why: string): void {
    this.#connection?.close()
    this.#lost(LOST, why, false)
  }

  #send(frame: Outbound): void {
    this.#connection?.send(frame)
  }

  #subscribe(feed: Feed): void {
    if (feed.id !== 0) this.#unsubscribe(feed)
    if (this.#byId.size >= this.#way.most && this.#at + 1 < this.#options.ways.length) {
      // More than this way carries: the next one does.
      this.#close()
      this.#at += 1
      this.#connect()
      return
    }
    feed.id = this.#nextId++
    this.#byId.set(feed.id, feed)
    this.#send({ ...this.#question(feed), ...feed.source })
  }

  #question(feed: Feed): Sub {
    const { spanMs, hz } = feed.how
    const asked = hz ?? ('widget' in feed.source ? undefined : HZ)
    const rate = this.#isHidden ? Math.min(HZ_HIDDEN, asked ?? HZ_HIDDEN) : asked
    const sub: Sub = { t: 'sub', id: feed.id, points: spanMs ? SPAN_POINTS : POINTS }
    if (rate !== undefined) sub.max_hz = rate
    if (feed.position) sub.since = feed.position
    else if (spanMs) sub.from = Math.floor(this.#serverNow() - spanMs)
    feed.asksHistory = sub.from !== undefined
    return sub
  }

  #serverNow(): number {
    return this.#options.serverNow?.() ?? this.#options.clock.now()
  }

  #unsubscribe(feed: Feed): void {
    this.#send({ t: 'unsub', id: feed.id })
    this.#byId.delete(feed.id)
    feed.id = 0
  }

  #leave(feed: Feed): void {
    const name = nameOf(feed.source, feed.how)
    if (feed.listeners > 0 || this.#feeds.get(name) !== feed) return
    if (feed.id !== 0) this.#unsubscribe(feed)
    this.#feeds.delete(name)
    if (this.#feeds.size === 0 && this.#state.kind !== 'ended') this.stop()
  }

  #hear(frame: Inbound): void {
    this.#hasHeard = true
    if (frame.t === 'bye') {
      this.#afterMs = frame.after_ms
      return
    }
    if (frame.t === 'pong') {
      this.#pulse.heard(frame.n)
      return
    }
    const feed = frame.id === undefined ? undefined : this.#byId.get(frame.id)
    if (!feed) return
    if (frame.t === 'snap') {
      // Only what was heard makes a connection a good one.
      this.#failures = 0
      this.#blocked = 0
      if (!feed.snap(frame)) {
        // What was missed is not known any more: the history is asked for anew.
        feed.position = undefined
        this.#subscribe(feed)
      }
    } else if (frame.t === 'upd') {
      feed.upd(frame)
    } else {
      this.#byId.delete(feed.id)
      feed.id = 0
      feed.err(frame)
      if (frame.code === 'unavailable') {
        this.#options.clock.after(UNAVAILABLE_MS, () => {
          if (this.#isOpen && feed.id === 0 && feed.listeners > 0) this.#subscribe(feed)
        })
      }
    }
  }

  #lost(code: number, reason: string, byServer: boolean): void {
    const wasRefused = byServer && !this.#isOpen
    const wasMute = !this.#hasHeard
    this.#connection = undefined
    this.#close()
    if (code === AUTHENTICATION) {
      this.#become({ kind: 'ended' })
      this.#options.refused?.()
      return
    }
    // A browser does not tell why a handshake failed: it may be that nobody is logged in any more.
    if (wasRefused) this.#options.refused?.()
    if (code === MALFORMED && this.#pulse.blame()) {
      this.#connect()
      return
    }
    this.#failures += 1
    const { clock, random } = this.#options
    const patience = code === OVER_A_LIMIT ? MOST_MS : wait(this.#failures, random)
    const ms = this.#afterMs ?? patience
    this.#become({ kind: 'waiting', at: clock.now() + ms, why: reason })
    this.#cancelRetry = clock.after(ms, () => this.#connect())
    if (wasMute && code === LOST) void this.#ask()
  }

  /** Whether it is the way that is blocked, and not the server that is gone. */
  async #ask(): Promise<void> {
    const { reaches, ways } = this.#options
    const asked = this.#state
    const answers = reaches ? await reaches().catch(() => false) : false
    if (!answers) {
      this.#blocked = 0
      return
    }
    this.#blocked += 1
    if (this.#blocked < BLOCKED || this.#state !== asked) return
    this.#blocked = 0
    // Behind the last way the first one has its turn again.
    this.#at = (this.#at + 1) % ways.length
    this.#cancelRetry?.()
    this.#connect()
  }

  #tryFirstLater(): void {
    this.#cancelProbe?.()
    const ms = Math.min(PROBE_MS * 2 ** this.#probes, PROBE_MOST_MS)
    this.#cancelProbe = this.#options.clock.after(ms, () => this.#tryFirst())
  }

  /** Looks whether the first way is free again, and goes over to it if so; what is watched goes on meanwhile. */
  #tryFirst(): void {
    this.#cancelProbe?.()
    if (this.#at === 0 || this.#probe) return
    this.#probes += 1
    let probe: Connection | undefined
    const isOurs = () => this.#probe === probe
    const failed = () => {
      if (!isOurs()) return
      this.#probe = undefined
      this.#tryFirstLater()
    }
    const cancel = this.#options.clock.after(MUTE_MS, () => {
      if (!isOurs()) return
      probe?.close()
      failed()
    })
    probe = this.#options.ways[0].open({
      open: () => {
        cancel()
        if (!isOurs()) return
        // It is open: it would be so as well for the subscriptions, which begin with what was missed.
        this.#probe = undefined
        probe?.close()
        this.#close()
        this.#at = 0
        this.#connect()
      },
      frame: () => {},
      closed: () => {
        cancel()
        failed()
      },
    })
    this.#probe = probe
  }

  #become(state: LinkState): void {
    if (state.kind === 'live' && this.#at === 0 && this.#hasHeard) this.#probes = 0
    this.#state = state
    for (const listener of this.#listeners) listener()
  }
}
