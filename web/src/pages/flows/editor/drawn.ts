/** An edge as the mouse draws it: between two ports, begun at either. */
import type { Diagram, NewEdge, NodeTypes } from '../../../flow/diagram'
import { edgeOf, refusal } from '../../../flow/ports'
import { portOf } from './cards'

export interface End {
  nodeId: string
  id?: string | null
}

const isIn = ({ id }: End) => id?.startsWith('in:') ?? false

/** The edge between two ports, or why there can be none. */
export function edgeBetween(a: End, b: End): NewEdge | string {
  if (isIn(a) && isIn(b)) return 'Both are inputs: an edge leads from an output to an input.'
  if (!isIn(a) && !isIn(b)) return 'Both are outputs: an edge leads from an output to an input.'
  const [from, to] = isIn(a) ? [b, a] : [a, b]
  return edgeOf(from.nodeId, portOf(from.id), to.nodeId, portOf(to.id))
}

/** Why there can be no edge between two ports. */
export function whyNot(diagram: Diagram, types: NodeTypes, a: End, b: End): string | undefined {
  const edge = edgeBetween(a, b)
  return typeof edge === 'string' ? edge : refusal(diagram, types, edge)
}
