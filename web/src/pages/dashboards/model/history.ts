/** Undo and redo over values that are never changed in place. */

export interface History<T> {
  past: readonly T[]
  now: T
  future: readonly T[]
  /** Of which kind the last step was: further ones of the same kind belong to it, as letters that are typed into one field do. */
  kind: string | undefined
}

/** Steps that can be undone; the oldest are forgotten. Two of them share all that did not change. */
const MOST = 500

export function begin<T>(now: T): History<T> {
  return { past: [], now, future: [], kind: undefined }
}

/** Goes on to `next`. Without a `kind`, or with another than that of the step before, it is a step of its own. */
export function step<T>(history: History<T>, next: T, kind?: string): History<T> {
  if (next === history.now) return history
  const joins = kind !== undefined && kind === history.kind && history.past.length > 0
  const past = joins ? history.past : [...history.past, history.now].slice(-MOST)
  return { past, now: next, future: [], kind }
}

/** The next step of the same kind is one of its own: the field was left. */
export function pause<T>(history: History<T>): History<T> {
  return history.kind === undefined ? history : { ...history, kind: undefined }
}

export function undo<T>(history: History<T>): History<T> {
  const now = history.past.at(-1)
  if (now === undefined) return history
  return { past: history.past.slice(0, -1), now, future: [history.now, ...history.future], kind: undefined }
}

export function redo<T>(history: History<T>): History<T> {
  const [now, ...future] = history.future
  if (now === undefined) return history
  return { past: [...history.past, history.now], now, future, kind: undefined }
}
