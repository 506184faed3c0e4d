/** JSON values, looked at and changed without changing what was given. */

export type Fields = Readonly<Record<string, unknown>>

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether two values are written as the same JSON; the order of keys does not count, and a key without a value is not there. */
export function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((value, index) => same(value, b[index]))
  }
  if (!isFields(a) || !isFields(b)) return false
  return keysOf(a, b).every(key => same(own(a, key), own(b, key)))
}

/** The value under a key of its own; what objects inherit is none of theirs. */
export function own(of: Fields, key: string): unknown {
  return Object.hasOwn(of, key) ? of[key] : undefined
}

/** All keys of both, those of the first as they stand there. */
export function keysOf(a: Fields, b: Fields): string[] {
  return [...new Set([...Object.keys(a), ...Object.keys(b)])]
}

/** With another value at a path; nothing (`undefined`) takes the key away. Objects on the way are made where there are none. */
export function put(of: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path
  if (key === undefined) return value
  const fields = isFields(of) ? of : {}
  const next = put(own(fields, key), rest, value)
  // by entries, so that a key that an object inherits (`__proto__`) is one like any other
  const others = Object.entries(fields)
  if (next === undefined) return Object.fromEntries(others.filter(([name]) => name !== key))
  return Object.hasOwn(fields, key)
    ? Object.fromEntries(others.map(([name, old]) => [name, name === key ? next : old]))
    : Object.fromEntries([...others, [key, next]])
}
