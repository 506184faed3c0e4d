/** Times of a range as people read and write them, in the browser's zone. */

const two = (value: number) => String(value).padStart(2, '0')

/** For a field of a form: `2026-01-31T12:00:03`. */
export function toLocal(ms: number): string {
  const at = new Date(ms)
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`
  return `${day}T${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`
}

const clock = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const whole = new Intl.DateTimeFormat(undefined, {
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
})

/** A stretch of time in few words; on one day the day stands there once. */
export function shortRange(from: number, to: number): string {
  const isSameDay = new Date(from).toDateString() === new Date(to).toDateString()
  if (!isSameDay) return `${whole.format(from)} – ${whole.format(to)}`
  const isToday = new Date(to).toDateString() === new Date().toDateString()
  return `${isToday ? clock.format(from) : whole.format(from)} – ${clock.format(to)}`
}

/** Time of a row: with its milliseconds, as two rows may be of one second. */
export function precise(ms: number): string {
  const at = new Date(ms)
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`
  const isToday = at.toDateString() === new Date().toDateString()
  return isToday ? time : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${time}`
}

const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })

/** Time at a mark of an axis whose marks are `step` ms apart: no more of it than tells them apart. */
export function timeLabel(ts: number, step: number): string {
  const at = new Date(ts)
  const minutes = `${two(at.getHours())}:${two(at.getMinutes())}`
  if (step < 1_000)
    return `${minutes}:${two(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, '0')}`
  if (step < 60_000) return `${minutes}:${two(at.getSeconds())}`
  const isMidnight = at.getHours() === 0 && at.getMinutes() === 0
  return step >= 86_400_000 || isMidnight ? day.format(at) : minutes
}
