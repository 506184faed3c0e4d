/** Names of the further values that may come into a node: those that the nodes before it give. For completion, not for checking. */
import { type Diagram, type NodeTypes, nodeOf } from './diagram'
import { feedersOf } from './ports'

export function fieldsBefore(diagram: Diagram, types: NodeTypes, id: string): string[] {
  const names = new Set<string>()
  for (const feeder of feedersOf(diagram, id)) {
    const node = nodeOf(diagram, feeder)
    if (!node) continue
    for (const name of types.get(node.type)?.fields ?? []) names.add(name)
    const { assignments, inputs, keys } = node.data
    for (const list of [assignments, inputs, keys]) {
      if (!Array.isArray(list)) continue
      for (const one of list) {
        const name =
          typeof one === 'string' ? /^\s*([A-Za-z_]\w*)/.exec(one)?.[1] : (one as { name?: unknown })?.name
        if (typeof name === 'string' && name !== 'output') names.add(name)
      }
    }
  }
  return [...names].sort()
}
