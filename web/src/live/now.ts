/**
 * The time by the server's clock: a browser whose own is wrong would show charts whose newest values are hours ago, or ahead. Answers
 * say what time it is to the second; less than that is not told from their way.
 */
const HONEST_MS = 2_000

let ahead = 0

/** Takes the `Date` of an answer that came just now. */
export function heardDate(date: string | null): void {
  const then = date ? Date.parse(date) : Number.NaN
  if (Number.isNaN(then)) return
  const off = then - Date.now()
  ahead = Math.abs(off) > HONEST_MS ? off : 0
}

export function serverNow(): number {
  return Date.now() + ahead
}
