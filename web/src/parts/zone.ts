/** Times of day in a time zone, for fields in which somebody types one. */

const formats = new Map<string, Intl.DateTimeFormat>()

function parts(tz: string): Intl.DateTimeFormat {
  let format = formats.get(tz)
  if (!format) {
    format = new Intl.DateTimeFormat('en-US', {
      timeZone: tz,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit',
    })
    formats.set(tz, format)
  }
  return format
}

/** What the clock in `tz` shows, as if it were UTC: whole seconds. */
function wall(ts: number, tz: string): number {
  const at = Object.fromEntries(
    parts(tz)
      .formatToParts(ts)
      .map(({ type, value }) => [type, Number(value)]),
  )
  const { year = 0, month = 1, day = 1, hour = 0, minute = 0, second = 0 } = at
  return Date.UTC(year, month - 1, day, hour, minute, second)
}

/** The zone of this browser. */
export function ownZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone
}

export function isZone(name: string): boolean {
  try {
    return parts(name) !== undefined
  } catch {
    return false
  }
}

/** All zones that the browser knows, with UTC, which not each lists. */
export function zones(): string[] {
  const known = Intl.supportedValuesOf('timeZone')
  return known.includes('UTC') ? known : ['UTC', ...known]
}

/** As a field of the type `datetime-local` has it: the clock in `tz`, in whole seconds. */
export function toField(ts: number, tz: string): string {
  return new Date(wall(ts, tz)).toISOString().slice(0, 19)
}

/**
 * The time at which the clock in `tz` shows what a field has; nothing for what is no time. Of an hour that the clock shows twice it is
 * one of both, and for an hour that it leaves out it is beside the gap.
 */
export function fromField(text: string, tz: string): number | undefined {
  const shown = /^\d{4,6}-\d\d-\d\dT\d\d:\d\d/.test(text) ? Date.parse(`${text}Z`) : Number.NaN
  if (Number.isNaN(shown)) return undefined
  const guess = shown - (wall(shown, tz) - shown)
  const better = guess + (shown - wall(guess, tz))
  return wall(better, tz) === shown ? better : guess
}

/** Writes times as they are shown in a table or on a pointer. */
export function clock(tz: string, withMs: boolean): (ts: number) => string {
  const format = new Intl.DateTimeFormat(undefined, {
    timeZone: tz,
    year: 'numeric',
    month: 'short',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hourCycle: 'h23',
    ...(withMs ? { fractionalSecondDigits: 3 } : {}),
  })
  return ts => format.format(ts)
}
