/** Times as people read them. */

const UNITS: [limit: number, ms: number, name: string][] = [
  [60_000, 1_000, 's'],
  [3_600_000, 60_000, 'min'],
  [86_400_000, 3_600_000, 'h'],
  [Number.POSITIVE_INFINITY, 86_400_000, 'd'],
]

/** How long ago, in its largest unit: "12 s ago". The clocks of two machines differ a little: what is just ahead is now. */
export function ago(then: number, now: number): string {
  const ms = Math.max(0, now - then)
  if (ms < 1_500) return 'now'
  const [, unit, name] = UNITS.find(([limit]) => ms < limit) as [number, number, string]
  return `${Math.floor(ms / unit)} ${name} ago`
}

const whole = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'medium' })

/** Day and time, in the browser's zone. */
export function at(then: number): string {
  return whole.format(then)
}
