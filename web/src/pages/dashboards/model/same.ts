/** Whether two values are the same JSON, in whatever order the keys of an object stand. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [one, other] = [present(a), present(b)]
  return one.length === other.length && one.every(([key, value]) => key in b && same(value, b[key as never]))
}

// What is undefined is not in the JSON.
function present(value: object): [string, unknown][] {
  return Object.entries(value).filter(([, inner]) => inner !== undefined)
}
