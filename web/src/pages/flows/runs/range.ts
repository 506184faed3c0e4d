/** Ranges of recorded readings to run over. */

export interface Range {
  /** In ms since 1970. */
  from: number
  to: number
}

export const presets = [
  { value: '900000', label: 'the last 15 minutes' },
  { value: '3600000', label: 'the last hour' },
  { value: '21600000', label: 'the last 6 hours' },
  { value: '86400000', label: 'the last day' },
  { value: '604800000', label: 'the last 7 days' },
  { value: 'own', label: 'a range of my own' },
] as const

/** A time as a field of type `datetime-local` has it: in the zone of the browser, without saying so. */
export function toField(ms: number): string {
  const date = new Date(ms)
  const local = new Date(ms - date.getTimezoneOffset() * 60_000)
  return local.toISOString().slice(0, 19)
}

/** The time in such a field; nothing where it is none. */
export function fromField(text: string): number | undefined {
  const ms = new Date(text).getTime()
  return Number.isFinite(ms) ? ms : undefined
}

/** What is wrong with a range, if anything. */
export function wrongWith(from: number | undefined, to: number | undefined, now: number): string | undefined {
  if (from === undefined || to === undefined) return 'Enter both a beginning and an end.'
  if (from >= to) return 'The beginning has to be before the end.'
  if (from > now) return 'It lies ahead: there are no readings yet.'
  return undefined
}
