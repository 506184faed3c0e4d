/**
 * How long the server takes to answer. A ping goes out every few seconds. A server that answered one and does not any more is gone; one
 * that hangs up on the first is an older one that knows none, and is asked no more.
 */
import type { Clock } from './link'

const EVERY_MS = 5_000
/** Answers may be behind much else on a slow link. */
const PATIENCE_MS = 20_000

interface Heard {
  send(n: number): void
  latency(ms: number): void
  silent(): void
}

export class Pulse {
  readonly #clock: Clock
  readonly #heard: Heard
  #n = 0
  /** When it was sent, if it has not been answered. */
  #sent: number | undefined
  #hasAnswered = false
  #isKnown = false
  #isUnknown = false
  #cancel: (() => void) | undefined

  constructor(clock: Clock, heard: Heard) {
    this.#clock = clock
    this.#heard = heard
  }

  begin(): void {
    this.end()
    if (!this.#isUnknown) this.#beat()
  }

  /** The server did not understand something that it was sent. True: it was the ping. */
  blame(): boolean {
    if (this.#isKnown || this.#isUnknown || this.#n === 0) return false
    this.#isUnknown = true
    return true
  }

  end(): void {
    this.#cancel?.()
    this.#sent = undefined
    this.#hasAnswered = false
  }

  heard(n: number): void {
    if (n !== this.#n || this.#sent === undefined) return
    this.#hasAnswered = true
    this.#isKnown = true
    const ms = this.#clock.now() - this.#sent
    this.#sent = undefined
    this.#heard.latency(ms)
  }

  #beat(): void {
    const now = this.#clock.now()
    if (this.#sent === undefined) {
      this.#n += 1
      this.#sent = now
      this.#heard.send(this.#n)
    } else if (this.#hasAnswered && now - this.#sent > PATIENCE_MS) {
      this.#heard.silent()
      return
    }
    this.#cancel = this.#clock.after(EVERY_MS, () => this.#beat())
  }
}
