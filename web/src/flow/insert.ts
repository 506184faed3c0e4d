/** A node put between the two ends of an edge. */
import { connected, type Diagram, type NodeTypes, nodeOf, removed } from './diagram'
import { edgeOf, inputOf, inputsOf, outOf, outsOf, refusal } from './ports'

/** With the edge replaced by one into the node and one out of it; nothing if it cannot stand there, or is connected already. */
export function inserted(
  diagram: Diagram,
  types: NodeTypes,
  edgeId: string,
  id: string,
): Diagram | undefined {
  const edge = diagram.edges.find(edge => edge.id === edgeId)
  const node = nodeOf(diagram, id)
  if (!edge || !node || edge.source === id || edge.target === id) return undefined
  if (diagram.edges.some(edge => edge.source === id || edge.target === id)) return undefined
  const [input] = inputsOf(node, types)
  const [out] = outsOf(node, types)
  if (input === undefined || out === undefined) return undefined
  const from = outOf(edge, nodeOf(diagram, edge.source), types)
  const to = inputOf(edge, nodeOf(diagram, edge.target), types)
  const before = edgeOf(edge.source, from, id, input)
  const after = edgeOf(id, out, edge.target, to)
  const open = removed(diagram, new Set(), new Set([edgeId]))
  if (refusal(open, types, before)) return undefined
  const half = connected(open, before)
  return refusal(half, types, after) ? undefined : connected(half, after)
}
