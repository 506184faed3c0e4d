/** What it means to run a version in place of what runs, in words. */

import type { Schemas } from '../../../api/client'
import type { Deploying } from '../../../api/flow_metrics'

/** What a check says of a drawing. */
export type Verdict = Schemas['FlowVerdict']

export function kindOf({ change, looks_back_ms }: Verdict): { word: string; says: string } | undefined {
  switch (change) {
    case 'new':
      return { word: 'First deployment', says: 'It begins with nothing remembered, with the next reading.' }
    case 'cosmetic':
      return { word: 'Looks only', says: 'It does the same as what runs, which is not interrupted.' }
    case 'hot':
      return {
        word: 'Takes over at once',
        says: 'It takes its place between two readings. What nodes remember goes on.',
      }
    case 'cold': {
      const back = looks_back_ms ? `the last ${duration(looks_back_ms)} of stored readings` : 'what is stored'
      return {
        word: 'Warms up first',
        says: `A node that remembers is new or set otherwise: it runs over ${back} first, while what runs now runs on. That may take up to ten minutes.`,
      }
    }
    default:
      return undefined
  }
}

const UNITS: [ms: number, one: string, more: string][] = [
  [86_400_000, 'day', 'days'],
  [3_600_000, 'hour', 'hours'],
  [60_000, 'minute', 'minutes'],
  [1_000, 'second', 'seconds'],
]

/** A length of time in its largest unit that comes out even, or nearly: "90 minutes", "2 hours". */
export function duration(ms: number): string {
  for (const [unit, one, more] of UNITS) {
    const n = ms / unit
    // "90 minutes" says more than "1.5 hours"
    if (n === 1) return `${one === 'hour' ? 'hour' : one}`
    if (n >= 2) return `${Math.round(n)} ${more}`
  }
  return `${Math.round(ms)} ms`
}

/** How far a deployment is. `done` is a part of 100, or nothing where that cannot be said. */
export function progressOf(deploying: Deploying | null | undefined): {
  says: string
  done: number | undefined
} {
  if (!deploying) return { says: 'It is checked and written down.', done: undefined }
  const { state, readings, done } = deploying
  const percent = Math.round(Math.min(Math.max(done, 0), 1) * 100)
  switch (state) {
    case 'waiting':
      return { says: 'It waits: others warm up at the moment.', done: undefined }
    case 'warming_up':
      return {
        says: `It warms up: ${percent} %, ${readings.toLocaleString('en')} readings so far.`,
        done: percent,
      }
    case 'cutting_over':
      return { says: 'It reads what came meanwhile, to take its place.', done: 100 }
  }
}
