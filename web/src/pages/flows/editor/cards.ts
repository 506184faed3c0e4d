/** The diagram as React Flow draws it. What did not change stays the same object, so that its card is not rendered again. */
import { type Edge, type Node, type NodeHandle, Position } from '@xyflow/react'
import type { Diagram, FlowEdge, FlowNode, NodeType, NodeTypes } from '../../../flow/diagram'
import { isGroup, isNote, type Shape, shapeOf } from '../../../flow/geometry'
import { inputOf, outOf } from '../../../flow/ports'
import type { Selection } from '../../../flow/store'

export type CardData = { node: FlowNode; shape: Shape; type: NodeType | undefined }
export type Card = Node<CardData>
export type LineData = { source: string; port: string }
export type Line = Edge<LineData>

// Ports of both sides may have the same name; and React Flow looks for them by a selector, which a quote in a name would break.
export const outHandle = (name: string) => `out:${encodeURIComponent(name)}`
export const inHandle = (name: string) => `in:${encodeURIComponent(name)}`
export const portOf = (handle: string | null | undefined) =>
  decodeURIComponent((handle ?? '').replace(/^(in|out):/, ''))

/** The cards of a diagram; `before` are those of the one before it. */
export function cardsOf(
  diagram: Diagram,
  types: NodeTypes,
  { nodes: selected }: Selection,
  before: readonly Card[],
): Card[] {
  const touching = edgesByNode(diagram.edges)
  const known = new Map(before.map(card => [card.id, card]))
  const ids = new Set(diagram.nodes.map(({ id }) => id))
  return diagram.nodes.map(node => {
    const old = known.get(node.id)
    const shape = shapeOf(node, types, touching.get(node.id))
    const data = old?.data.node === node && isSameShape(old.data.shape, shape) ? old.data : undefined
    const isSelected = selected.has(node.id)
    const isThere = old?.position.x === node.position.x && old?.position.y === node.position.y
    if (old && data && isThere && (old.selected ?? false) === isSelected) return old
    const card: Card = {
      id: node.id,
      type: isNote(node) ? 'note' : 'card',
      position: node.position,
      data: data ?? { node, shape, type: types.get(node.type) },
      selected: isSelected,
      width: shape.width,
      height: shape.height,
      // what is not in view is not measured: its edges are drawn all the same
      measured: { width: shape.width, height: shape.height },
      handles: data && old?.handles ? old.handles : handlesOf(shape),
      zIndex: isGroup(node) ? -1 : 0,
    }
    // a group that is not there would keep React Flow from drawing the node
    if (node.parentId !== undefined && ids.has(node.parentId)) card.parentId = node.parentId
    return card
  })
}

/** As large as the style sheet has them. */
const PORT = 10

function handlesOf({ width, inputs, outs }: Shape): NodeHandle[] {
  const size = { width: PORT, height: PORT }
  const at = (x: number, y: number) => ({ x: x - PORT / 2, y: y - PORT / 2, ...size })
  return [
    ...inputs.map(({ name, y }) => ({
      id: inHandle(name),
      type: 'target' as const,
      position: Position.Left,
      ...at(0, y),
    })),
    ...outs.map(({ name, y }) => ({
      id: outHandle(name),
      type: 'source' as const,
      position: Position.Right,
      ...at(width, y),
    })),
  ]
}

function edgesByNode(edges: readonly FlowEdge[]): Map<string, FlowEdge[]> {
  const touching = new Map<string, FlowEdge[]>()
  for (const edge of edges) {
    for (const id of new Set([edge.source, edge.target])) {
      const list = touching.get(id)
      if (list) list.push(edge)
      else touching.set(id, [edge])
    }
  }
  return touching
}

function isSameShape(a: Shape, b: Shape): boolean {
  const names = ({ outs, inputs }: Shape) =>
    `${outs.map(({ name }) => name)} ${inputs.map(({ name }) => name)}`
  return a.height === b.height && a.width === b.width && names(a) === names(b)
}

/** The lines of a diagram; an edge without two ends is none, and shows among the problems. */
export function linesOf(
  diagram: Diagram,
  types: NodeTypes,
  { edges: selected }: Selection,
  before: readonly Line[],
): Line[] {
  const nodes = new Map(diagram.nodes.map(node => [node.id, node]))
  const known = new Map(before.map(line => [line.id, line]))
  return diagram.edges.flatMap(edge => {
    const [source, target] = [nodes.get(edge.source), nodes.get(edge.target)]
    if (!source || !target) return []
    const port = outOf(edge, source, types)
    const [sourceHandle, targetHandle] = [outHandle(port), inHandle(inputOf(edge, target, types))]
    const isSelected = selected.has(edge.id)
    const old = known.get(edge.id)
    if (
      old?.source === edge.source &&
      old.target === edge.target &&
      old.sourceHandle === sourceHandle &&
      old.targetHandle === targetHandle &&
      (old.selected ?? false) === isSelected
    ) {
      return [old]
    }
    const ends = { source: edge.source, target: edge.target, sourceHandle, targetHandle }
    return [{ id: edge.id, type: 'line', ...ends, selected: isSelected, data: { source: edge.source, port } }]
  })
}
