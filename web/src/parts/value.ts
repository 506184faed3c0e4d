/** Values as people read them: six digits that count, and what is no number as it was sent. */

export function shown(value: unknown): string {
  if (typeof value === 'number') return Number.parseFloat(value.toPrecision(6)).toString()
  if (typeof value === 'string') return value
  return JSON.stringify(value)
}
