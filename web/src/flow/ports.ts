/**
 * Where edges leave a node and arrive at one, and why one may not be drawn: the rules of docs/NODES.md that need no server. Whether the
 * values that come in fit is what the server's check says (`pages/flows/editor/connect.ts`).
 */
import {
  type Diagram,
  EDGES_MOST,
  type FlowEdge,
  type FlowNode,
  type NewEdge,
  type NodeTypes,
  nameOf,
  nodeOf,
} from './diagram'

/** The name of the only input. */
export const IN = 'in'

/** Names of the outs of a node, in their order. */
export function outsOf(node: FlowNode, types: NodeTypes): string[] {
  const type = types.get(node.type)
  // what is not known is not hidden: it has what most have
  if (!type) return ['out', 'error']
  return type.ports.flatMap(port => {
    if (port === 'case') return namesIn(node.data['cases'])
    return port === 'else' && type.ports.includes('case') ? ['default'] : [port]
  })
}

/** Names of the inputs of a node. */
export function inputsOf(node: FlowNode, types: NodeTypes): string[] {
  const type = types.get(node.type)
  if (!type) return [IN]
  if (type.input === 'nothing') return []
  if (type.input === 'one') return [IN]
  const { inputs } = (type.schema['properties'] ?? {}) as { inputs?: { const?: unknown } }
  return namesIn(inputs?.const ?? node.data['inputs'])
}

function namesIn(list: unknown): string[] {
  if (!Array.isArray(list)) return []
  const names = list.map(one => (typeof one === 'string' ? one : (one as { name?: unknown } | null)?.name))
  return [...new Set(names.filter(name => typeof name === 'string' && name !== ''))] as string[]
}

/** The out that an edge leaves by, as `outsOf` calls it: older diagrams spell some differently. */
export function outOf(edge: NewEdge, node: FlowNode | undefined, types: NodeTypes): string {
  const outs = node ? outsOf(node, types) : []
  const handle = edge.sourceHandle ?? ''
  if (outs.includes(handle)) return handle
  if (['', 'output', 'source', 'true'].includes(handle)) return 'out'
  const isOther = handle === 'false' || handle === 'default' || handle === 'else'
  if (isOther) return outs.includes('default') ? 'default' : 'else'
  return handle
}

/** The input that an edge leads to, as `inputsOf` calls it. */
export function inputOf(edge: NewEdge, node: FlowNode | undefined, types: NodeTypes): string {
  const handle = edge.targetHandle ?? ''
  const type = node && types.get(node.type)
  if (type?.input === 'named') return handle
  return ['', 'input', 'target'].includes(handle) ? IN : handle
}

/** An edge between these ports, as it is stored: the usual ones are not written. */
export function edgeOf(source: string, out: string, target: string, input: string): NewEdge {
  return {
    source,
    target,
    ...(out === 'out' ? {} : { sourceHandle: out }),
    ...(input === IN ? {} : { targetHandle: input }),
  }
}

/** Why this edge may not be; nothing if it may. `above`, from `feedersOf(diagram, edge.source)`, spares looking for it for many targets. */
export function refusal(
  diagram: Diagram,
  types: NodeTypes,
  edge: NewEdge,
  above?: ReadonlySet<string>,
): string | undefined {
  const source = nodeOf(diagram, edge.source)
  const target = nodeOf(diagram, edge.target)
  if (!source || !target) return 'An edge leads from a node to another one.'
  const [from, to] = [nameOf(source, types), nameOf(target, types)]
  if (source.type === 'comment' || target.type === 'comment')
    return 'Nothing runs for a note: no edge may touch it.'
  const out = outOf(edge, source, types)
  if (!outsOf(source, types).includes(out)) return `“${from}” has no output “${out}”.`
  const inputs = inputsOf(target, types)
  const input = inputOf(edge, target, types)
  if (inputs.length === 0) {
    return types.get(target.type)?.input === 'named'
      ? `“${to}” has no inputs yet: name them in its configuration first.`
      : `“${to}” is a source: nothing can lead into it.`
  }
  if (!inputs.includes(input)) return `“${to}” has no input “${input}”; it has ${inputs.join(', ')}.`
  if (source.id === target.id) return `“${from}” would feed itself.`
  const twin = diagram.edges.some(
    other =>
      other.source === source.id &&
      other.target === target.id &&
      outOf(other, source, types) === out &&
      inputOf(other, target, types) === input,
  )
  if (twin) return `“${from}” already leads there: two edges between the same ports would count as one.`
  if ((above ?? feedersOf(diagram, source.id)).has(target.id)) {
    return `“${to}” feeds “${from}”: they would feed each other in a circle.`
  }
  if (diagram.edges.length >= EDGES_MOST) return `A flow has at most ${EDGES_MOST} edges.`
  return undefined
}

/** The nodes from which something reaches this one. */
export function feedersOf(diagram: Diagram, id: string): ReadonlySet<string> {
  const into = new Map<string, string[]>()
  for (const { source, target } of diagram.edges) into.set(target, [...(into.get(target) ?? []), source])
  const found = new Set<string>()
  const next = [id]
  for (let at = next.pop(); at !== undefined; at = next.pop()) {
    for (const feeder of into.get(at) ?? []) {
      if (found.has(feeder)) continue
      found.add(feeder)
      next.push(feeder)
    }
  }
  return found
}

/** Ports that edges of a node name and that it does not have any more, such as a case of old. */
export function lostPorts(
  node: FlowNode,
  edges: readonly FlowEdge[],
  types: NodeTypes,
): { outs: string[]; inputs: string[] } {
  const [outs, inputs] = [outsOf(node, types), inputsOf(node, types)]
  const lost = { outs: new Set<string>(), inputs: new Set<string>() }
  for (const edge of edges) {
    const [out, input] = [outOf(edge, node, types), inputOf(edge, node, types)]
    if (edge.source === node.id && !outs.includes(out)) lost.outs.add(out)
    if (edge.target === node.id && !inputs.includes(input)) lost.inputs.add(input)
  }
  return { outs: [...lost.outs], inputs: [...lost.inputs] }
}
