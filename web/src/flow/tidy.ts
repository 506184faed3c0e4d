/** Places for nodes along the way of their records, from left to right. The one who lays out is loaded when it is asked for. */
import type { Diagram, FlowNode, NodeTypes, Point } from './diagram'
import { GRID, isGroup, isNote, shapeOf, snapped } from './geometry'

/**
 * New places of these nodes, or of all: notes stay where they are, and so do nodes in groups, unless they are what is asked for. What is
 * laid out keeps its upper left corner.
 */
export async function tidied(
  diagram: Diagram,
  types: NodeTypes,
  only?: ReadonlySet<string>,
): Promise<Map<string, Point>> {
  const asked = (node: FlowNode) => (only ? only.has(node.id) : node.parentId === undefined)
  const chosen = diagram.nodes.filter(node => asked(node) && (!isNote(node) || isGroup(node)))
  const places = new Map<string, Point>()
  // those of one group among themselves
  for (const parent of new Set(chosen.map(node => node.parentId))) {
    const among = chosen.filter(node => node.parentId === parent)
    for (const [id, place] of await laidOut(diagram, types, among)) places.set(id, place)
  }
  return places
}

async function laidOut(
  diagram: Diagram,
  types: NodeTypes,
  nodes: readonly FlowNode[],
): Promise<Map<string, Point>> {
  if (nodes.length < 2) return new Map()
  const { Graph, layout } = await import('@dagrejs/dagre')
  const graph = new Graph()
  graph.setGraph({ rankdir: 'LR', nodesep: 4 * GRID, ranksep: 9 * GRID })
  graph.setDefaultEdgeLabel(() => ({}))
  const shapes = new Map(nodes.map(node => [node.id, shapeOf(node, types)]))
  for (const [id, { width, height }] of shapes) graph.setNode(id, { width, height })
  const tops = topsAmong(diagram, shapes)
  for (const { source, target } of diagram.edges) {
    const [from, to] = [tops.get(source), tops.get(target)]
    if (from !== undefined && to !== undefined && from !== to) graph.setEdge(from, to)
  }
  layout(graph)
  const corner = (id: string): Point => {
    const { x, y, width, height } = graph.node(id) as { x: number; y: number; width: number; height: number }
    return { x: x - width / 2, y: y - height / 2 }
  }
  const corners = nodes.map(node => ({ id: node.id, ...corner(node.id) }))
  const by = {
    x: Math.min(...nodes.map(node => node.position.x)) - Math.min(...corners.map(({ x }) => x)),
    y: Math.min(...nodes.map(node => node.position.y)) - Math.min(...corners.map(({ y }) => y)),
  }
  return new Map(corners.map(({ id, x, y }) => [id, snapped({ x: x + by.x, y: y + by.y })]))
}

/** Of each node, the one among `shapes` that it is or stands in. */
function topsAmong(diagram: Diagram, shapes: ReadonlyMap<string, unknown>): Map<string, string> {
  const nodes = new Map(diagram.nodes.map(node => [node.id, node]))
  const tops = new Map<string, string>()
  for (const node of diagram.nodes) {
    let at: FlowNode | undefined = node
    for (let depth = 0; at && depth < 32; depth++) {
      if (shapes.has(at.id)) {
        tops.set(node.id, at.id)
        break
      }
      at = at.parentId === undefined ? undefined : nodes.get(at.parentId)
    }
  }
  return tops
}
