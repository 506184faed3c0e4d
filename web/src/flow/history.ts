/** Steps back and forth. A step is the whole diagram before it: what no step touched is shared by all of them. */
import type { Diagram } from './diagram'

/** Steps that can be taken back at most. */
const STEPS_MOST = 1_000

interface Step {
  /** What was done: "move 3 nodes". */
  name: string
  /** The diagram on the other side of the step. */
  diagram: Diagram
  /** What goes on with the same key is the same step, such as the letters of a word. */
  key: string | undefined
}

export interface History {
  readonly past: readonly Step[]
  readonly future: readonly Step[]
}

export const NO_HISTORY: History = { past: [], future: [] }

/** After a step away from `before`. */
export function stepped(history: History, before: Diagram, name: string, key?: string): History {
  const last = history.past.at(-1)
  const goesOn = key !== undefined && last?.key === key && history.future.length === 0
  if (goesOn) return history
  return { past: [...history.past, { name, diagram: before, key }].slice(-STEPS_MOST), future: [] }
}

/** The next step is one of its own, whatever its key. */
export function sealed(history: History): History {
  const last = history.past.at(-1)
  if (last?.key === undefined) return history
  return { ...history, past: [...history.past.slice(0, -1), { ...last, key: undefined }] }
}

export interface Turned {
  history: History
  diagram: Diagram
}

export function undone({ past, future }: History, now: Diagram): Turned | undefined {
  const step = past.at(-1)
  if (!step) return undefined
  const back = { name: step.name, diagram: now, key: undefined }
  return { diagram: step.diagram, history: { past: past.slice(0, -1), future: [...future, back] } }
}

export function redone({ past, future }: History, now: Diagram): Turned | undefined {
  const step = future.at(-1)
  if (!step) return undefined
  const back = { name: step.name, diagram: now, key: undefined }
  return { diagram: step.diagram, history: { past: [...past, back], future: future.slice(0, -1) } }
}
