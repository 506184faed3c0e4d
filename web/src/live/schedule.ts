/**
 * Draws what has changed, with the screen's frames: what is marked is drawn once, however often it was marked. A frame is given
 * 8 ms; what does not fit waits for the next, behind nothing that was marked later.
 *
 * What a browser does with a drawing comes after it and is not seen here, only that frames come late. So there is a number of drawings
 * for a frame, too: it is halved when frames come late and grows again while they do not.
 */
const BUDGET_MS = 8
/** A frame that is later than this is late. */
const LATE_MS = 34
/** One that is not later than this leaves room for more. */
const EARLY_MS = 21
/** Longer than this nothing was drawn: the tab was hidden, or something else took the time. */
const AWAY_MS = 1_000
const MOST = 64
/** Fewer make no frame come earlier: then it is something else that takes the time, and charts would only grow old. */
const LEAST = 4

export interface Screen {
  /** Calls back with the screen's next frame. */
  request(frame: (began: number) => void): void
  /** Milliseconds, as `began`. */
  now(): number
}

export class Scheduler {
  readonly #screen: Screen
  readonly #marked = new Set<() => void>()
  #isAsked = false
  #last: number | undefined
  #most = 8

  constructor(screen: Screen) {
    this.#screen = screen
  }

  /** Drawings that a frame is given. */
  get most(): number {
    return this.#most
  }

  /** Has `draw` called in one of the next frames. */
  mark(draw: () => void): void {
    this.#marked.add(draw)
    this.#ask()
  }

  /** Takes that back. */
  unmark(draw: () => void): void {
    this.#marked.delete(draw)
  }

  #ask(): void {
    if (this.#isAsked) return
    this.#isAsked = true
    this.#screen.request(this.#frame)
  }

  readonly #frame = (began: number): void => {
    this.#isAsked = false
    this.#adapt(began)
    let drawn = 0
    for (const draw of this.#marked) {
      this.#marked.delete(draw)
      draw()
      drawn += 1
      if (drawn >= this.#most || this.#screen.now() - began > BUDGET_MS) break
    }
    this.#last = began
    if (this.#marked.size > 0) this.#ask()
  }

  #adapt(began: number): void {
    const took = this.#last === undefined ? 0 : began - this.#last
    if (took === 0 || took > AWAY_MS) return
    if (took > LATE_MS) this.#most = Math.max(LEAST, Math.floor(this.#most / 2))
    else if (took <= EARLY_MS) this.#most = Math.min(MOST, this.#most + 1)
  }
}

const scheduler = new Scheduler({
  request: frame => requestAnimationFrame(frame),
  now: () => performance.now(),
})

export const mark = (draw: () => void): void => scheduler.mark(draw)
export const unmark = (draw: () => void): void => scheduler.unmark(draw)
