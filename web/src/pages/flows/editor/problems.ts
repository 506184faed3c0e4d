/** How many problems each node and edge has, and whether they are more than something that is still to be filled in. */
import type { FlowProblem } from '../../../flow/diagram'

export interface Trouble {
  count: number
  /** `open`: nothing is wrong yet, something is only missing. */
  kind: 'none' | 'open' | 'bad'
}

const MISSING: readonly FlowProblem['code'][] = ['required', 'unconnected']
const NONE: Trouble = { count: 0, kind: 'none' }

const known = new WeakMap<readonly FlowProblem[], Map<string, Trouble>>()

export function troubleOf(problems: readonly FlowProblem[], id: string): Trouble {
  let troubles = known.get(problems)
  if (!troubles) {
    troubles = new Map()
    for (const { node, edge, code } of problems) {
      const about = node ?? edge
      if (!about) continue
      const { count, kind } = troubles.get(about) ?? NONE
      const isOpen = MISSING.includes(code) && kind !== 'bad'
      troubles.set(about, { count: count + 1, kind: isOpen ? 'open' : 'bad' })
    }
    known.set(problems, troubles)
  }
  return troubles.get(id) ?? NONE
}

export function wordOf({ count, kind }: Trouble): string {
  if (kind === 'open') return 'To be set up'
  return `${count} ${count === 1 ? 'problem' : 'problems'}`
}
