/**
 * Draws what has changed, with the screen's frames: what is marked is drawn once, however often it was marked. A frame is given
 * 8 ms; what does not fit waits for the next, behind nothing that was marked later.
 */
const BUDGET_MS = 8

const marked = new Set<() => void>()
let asked = false

/** Has `draw` called in one of the next frames. */
export function mark(draw: () => void): void {
  marked.add(draw)
  if (asked) return
  asked = true
  requestAnimationFrame(frame)
}

/** Takes that back. */
export function unmark(draw: () => void): void {
  marked.delete(draw)
}

function frame(began: number): void {
  asked = false
  for (const draw of marked) {
    marked.delete(draw)
    draw()
    if (performance.now() - began > BUDGET_MS) break
  }
  if (marked.size > 0) {
    asked = true
    requestAnimationFrame(frame)
  }
}
