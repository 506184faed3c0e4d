/** Values that somebody writes for the sources of a run, a line each. */
import type { Drawing } from '../diff/drawing'
import { byId } from '../diff/drawing'
import { own } from '../diff/json'

/** As the API has it. */
export const VALUES_MOST = 1_000

/** Kinds of nodes that take readings. A drawing's sources are those that no edge leads to and that are of these kinds. */
const SOURCES: ReadonlySet<unknown> = new Set(['device-sensor', 'device', 'device-event'])

/** Ids of the nodes that can be given values. */
export function sourcesOf(drawing: Drawing): string[] {
  return [...byId(drawing.nodes)].filter(([, node]) => SOURCES.has(own(node, 'type'))).map(([id]) => id)
}

/** What the lines say: JSON where a line is JSON, else its text. Empty lines are none. */
export function valuesOf(lines: string): unknown[] {
  return lines
    .split('\n')
    .map(line => line.trim())
    .filter(line => line !== '')
    .map(line => {
      try {
        return JSON.parse(line) as unknown
      } catch {
        return line
      }
    })
}

/** The body's `trigger_data`: values by node, or what is wrong with the lines of one. */
export function triggerData(
  lines: ReadonlyMap<string, string>,
): { data: Record<string, unknown[]> } | { trouble: string } {
  const data: Record<string, unknown[]> = {}
  let all = 0
  for (const [node, text] of lines) {
    // what begins like an object and is none was meant to be one
    const broken = text.split('\n').find(line => /^\s*[{[]/.test(line) && !isJson(line))
    if (broken !== undefined)
      return { trouble: `“${broken.trim().slice(0, 80)}” is no JSON. Write one value a line.` }
    const values = valuesOf(text)
    if (values.length > VALUES_MOST) {
      return { trouble: `${values.length} values are too many: ${VALUES_MOST} are the most for a node.` }
    }
    if (values.length > 0) data[node] = values
    all += values.length
  }
  return all > 0
    ? { data }
    : { trouble: 'No value is written. Write at least one, or take the newest readings.' }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
