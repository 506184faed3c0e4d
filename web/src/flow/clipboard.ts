/** Pieces of a diagram as text, as they lie in the clipboard and may be sent to somebody. */
import {
  type Diagram,
  EDGES_MOST,
  type FlowNode,
  freeId,
  NODES_MOST,
  nodeIds,
  opened,
  type Point,
} from './diagram'
import { placesOf } from './geometry'
import { parentsFirst, withMembers } from './groups'

/** The selected nodes with all keys, what is in selected groups, and the edges between them. Empty if there is none. */
export function copied(diagram: Diagram, selected: ReadonlySet<string>): string {
  const ids = withMembers(diagram, selected)
  if (ids.size === 0) return ''
  const places = placesOf(diagram)
  const nodes = diagram.nodes
    .filter(node => ids.has(node.id))
    .map(node => {
      if (node.parentId === undefined || ids.has(node.parentId)) return node
      const { parentId: _, ...alone } = node
      return { ...alone, position: places.get(node.id) as Point }
    })
  const edges = diagram.edges.filter(edge => ids.has(edge.source) && ids.has(edge.target))
  return JSON.stringify({ nodes, edges }, undefined, 2)
}

/** What a text holds, or why it cannot be pasted. */
export function readClip(text: string): Diagram | string {
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch {
    return 'This is no JSON. Copy nodes in a flow, or a whole diagram with its nodes and edges, and paste that.'
  }
  const { nodes, edges = [] } = (read ?? {}) as { nodes?: unknown; edges?: unknown }
  const isList = (list: unknown): list is object[] =>
    Array.isArray(list) && list.every(one => typeof one === 'object' && one !== null)
  if (!isList(nodes) || !isList(edges)) {
    return 'This is no diagram: it needs a list “nodes”, and may have a list “edges”.'
  }
  if (nodes.length === 0) return 'There is no node in it.'
  return opened({ nodes, edges })
}

export interface Pasted {
  diagram: Diagram
  nodes: Set<string>
  edges: Set<string>
}

/** With the pieces, under ids of their own, moved by `by`. A reason if there is no room for them. */
export function pasted(diagram: Diagram, clip: Diagram, by: Point): Pasted | string {
  if (diagram.nodes.length + clip.nodes.length > NODES_MOST) {
    return `A flow has at most ${NODES_MOST} nodes: there is room for ${NODES_MOST - diagram.nodes.length} more.`
  }
  if (diagram.edges.length + clip.edges.length > EDGES_MOST) return `A flow has at most ${EDGES_MOST} edges.`
  const taken = nodeIds(diagram)
  const ids = new Map(clip.nodes.map(node => [node.id, freeId(node.id, taken)]))
  const nodes = clip.nodes.map((node): FlowNode => {
    const id = ids.get(node.id) as string
    const parentId = node.parentId === undefined ? undefined : ids.get(node.parentId)
    const { parentId: _, ...alone } = node
    if (parentId !== undefined) return { ...alone, id, parentId }
    return { ...alone, id, position: { x: node.position.x + by.x, y: node.position.y + by.y } }
  })
  const edgeIds = new Set(diagram.edges.map(edge => edge.id))
  const edges = clip.edges.flatMap(edge => {
    const [source, target] = [ids.get(edge.source), ids.get(edge.target)]
    if (source === undefined || target === undefined) return []
    return [{ ...edge, id: freeId(edge.id, edgeIds), source, target }]
  })
  return {
    diagram: parentsFirst({ nodes: [...diagram.nodes, ...nodes], edges: [...diagram.edges, ...edges] }),
    nodes: new Set(nodes.map(node => node.id)),
    edges: new Set(edges.map(edge => edge.id)),
  }
}
