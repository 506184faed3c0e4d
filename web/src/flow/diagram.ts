/**
 * A diagram as it is drawn: React Flow JSON, of which keys that are not known here are kept.
 *
 * Where is what:
 * - `diagram.ts`    the model and its edits: functions from a diagram to a diagram. What an edit does not touch stays the same object, so
 *                   that it need not be drawn again, and `a === b` says that nothing changed. Nothing is changed in place.
 * - `ports.ts`      the ports of a node, where edges may lead, and why not.
 * - `history.ts`    steps back and forth. - `clipboard.ts` pieces of a diagram as text. - `groups.ts`, `geometry.ts`, `tidy.ts` places.
 * - `store.ts`      the open document: `useEditor(state => …)` in components, `editor.getState()` elsewhere.
 * - `texts.ts`      the places on edges and cards where live values are written, past React.
 *
 * For who builds around the editor (deployment, versions, debugging, live values):
 * - `pages/flows/slots.tsx` is the one file that says what stands in the editor's places: buttons of the toolbar, tabs of the drawer and of
 *   the inspector, the dialog of a conflict. The editor imports it and nothing else of the pages around.
 * - What is saved: `state.saved` (flow, etag, diagram). What is drawn: `state.draft`. Whether they differ: `isDirty(state)`.
 * - `state.selection.nodes` / `.edges`: ids. `state.reveal(id)` selects a node and brings it into view.
 * - `state.problems`: of the newest check (`POST /flows/{id}/validate`), which follows each edit; `state.checked` is the diagram that they
 *   are about.
 * - `await save()` of `pages/flows/editor/save.ts` answers whether the draft is saved now. A conflict (412) is put into `state.conflict`
 *   (base, mine, theirs); the dialog ends it by `state.resolve(diagram)`, which goes on with that drawing on top of theirs, or
 *   `state.resolve(undefined)`, which leaves everything as it is.
 * - A drawing from elsewhere (a version of old, an import) is taken over as one step that can be undone: `state.edit(name, () => drawing)`.
 */
import type { Schemas } from '../api/client'

export interface Point {
  x: number
  y: number
}

export interface FlowNode {
  id: string
  /** Its kind. */
  type: string
  /** Of its upper left corner; in a group, from that of the group. */
  position: Point
  /** Its configuration, and `label`. */
  data: Readonly<Record<string, unknown>>
  /** The group that it is in. */
  parentId?: string
  width?: number
  height?: number
  [other: string]: unknown
}

export interface FlowEdge {
  id: string
  source: string
  target: string
  sourceHandle?: string | null
  targetHandle?: string | null
  [other: string]: unknown
}

export interface Diagram {
  readonly nodes: readonly FlowNode[]
  readonly edges: readonly FlowEdge[]
}

/** As the API sends it: the JSON Schema of the configuration is an object of any form. */
export type NodeType = Omit<Schemas['NodeType'], 'schema'> & { schema: Record<string, unknown> }
export type NodeTypes = ReadonlyMap<string, NodeType>
export type FlowProblem = Schemas['FlowProblem']

export const EMPTY: Diagram = { nodes: [], edges: [] }
export const NODES_MOST = 500
export const EDGES_MOST = 2_000

/** What the server sent, made such that it can be drawn: everything has an id of its own, and a place. */
export function opened(raw: { nodes: readonly object[]; edges: readonly object[] }): Diagram {
  const ids = new Set<string>()
  const nodes = raw.nodes.map((node, n) => {
    const given = node as Partial<FlowNode>
    const id = freeId(typeof given.id === 'string' && given.id ? given.id : 'node', ids)
    const isWhole = id === given.id && isPoint(given.position) && typeof given.data === 'object' && given.type
    if (isWhole) return given as FlowNode
    return {
      ...given,
      id,
      type: typeof given.type === 'string' ? given.type : '',
      position: isPoint(given.position) ? given.position : { x: (n % 4) * 272, y: Math.floor(n / 4) * 144 },
      data: typeof given.data === 'object' && given.data ? given.data : {},
    }
  })
  const edgeIds = new Set<string>()
  const edges = raw.edges.map(edge => {
    const given = edge as Partial<FlowEdge>
    const id = freeId(typeof given.id === 'string' && given.id ? given.id : 'edge', edgeIds)
    if (id === given.id && typeof given.source === 'string' && typeof given.target === 'string') {
      return given as FlowEdge
    }
    return { ...given, id, source: given.source ?? '', target: given.target ?? '' }
  })
  return { nodes, edges }
}

function isPoint(of: unknown): of is Point {
  const { x, y } = (of ?? {}) as Partial<Point>
  return Number.isFinite(x) && Number.isFinite(y)
}

/** This id, or with a number behind it where it is taken; it is taken from then on. */
export function freeId(wanted: string, taken: Set<string>): string {
  let id = wanted
  for (let n = 2; taken.has(id); n++) id = `${wanted.replace(/-\d+$/, '')}-${n}`
  taken.add(id)
  return id
}

export const nodeIds = (diagram: Diagram) => new Set(diagram.nodes.map(node => node.id))

export function nodeOf(diagram: Diagram, id: string): FlowNode | undefined {
  return diagram.nodes.find(node => node.id === id)
}

/** What people call a node. */
export function nameOf(node: FlowNode, types: NodeTypes): string {
  const { label } = node.data
  if (typeof label === 'string' && label.trim()) return label
  return types.get(node.type)?.title ?? (node.type || 'Node without a type')
}

/** With a new node of this kind; its id is the newest node's. */
export function added(
  diagram: Diagram,
  type: NodeType,
  position: Point,
  data: FlowNode['data'] = {},
): Diagram {
  const id = freeId(type.kind, nodeIds(diagram))
  return { ...diagram, nodes: [...diagram.nodes, { id, type: type.kind, position, data }] }
}

export type NewEdge = Pick<FlowEdge, 'source' | 'target' | 'sourceHandle' | 'targetHandle'>

/** With one more edge. Whether it may be is asked of `ports.ts` before. */
export function connected(diagram: Diagram, edge: NewEdge): Diagram {
  const name = `${edge.source}:${edge.sourceHandle ?? 'out'}-${edge.target}:${edge.targetHandle ?? 'in'}`
  const id = freeId(name, new Set(diagram.edges.map(edge => edge.id)))
  return { ...diagram, edges: [...diagram.edges, { id, ...edge }] }
}

/** Without these, and without the edges of the nodes. What was in a group that goes stays where it is. */
export function removed(
  diagram: Diagram,
  nodes: ReadonlySet<string>,
  edges: ReadonlySet<string> = new Set(),
): Diagram {
  const goes = (edge: FlowEdge) => edges.has(edge.id) || nodes.has(edge.source) || nodes.has(edge.target)
  const parents = new Map(diagram.nodes.map(node => [node.id, node]))
  const left = diagram.nodes.filter(node => !nodes.has(node.id))
  return {
    nodes: left.map(node => {
      let [out, x, y] = [node, node.position.x, node.position.y]
      while (out.parentId && nodes.has(out.parentId)) {
        const { parentId: _, ...alone } = out
        const group = parents.get(_)
        x += group?.position.x ?? 0
        y += group?.position.y ?? 0
        out = { ...(alone as FlowNode), position: { x, y } }
        if (group?.parentId) out = { ...out, parentId: group.parentId }
      }
      return out
    }),
    edges: diagram.edges.some(goes) ? diagram.edges.filter(edge => !goes(edge)) : diagram.edges,
  }
}

/** With nodes at other places. */
export function moved(diagram: Diagram, places: ReadonlyMap<string, Point>): Diagram {
  const isThere = (node: FlowNode, to: Point) => node.position.x === to.x && node.position.y === to.y
  let changes = false
  const nodes = diagram.nodes.map(node => {
    const to = places.get(node.id)
    if (!to || isThere(node, to)) return node
    changes = true
    return { ...node, position: { x: to.x, y: to.y } }
  })
  return changes ? { ...diagram, nodes } : diagram
}

/** With other keys of a node; one that is `undefined` is taken away. */
export function changed(diagram: Diagram, id: string, keys: Partial<FlowNode>): Diagram {
  const nodes = diagram.nodes.map(node =>
    node.id === id ? (without({ ...node, ...keys }) as FlowNode) : node,
  )
  return { ...diagram, nodes }
}

/** With another configuration of a node. */
export function configured(diagram: Diagram, id: string, data: Record<string, unknown>): Diagram {
  return changed(diagram, id, { data: without(data) })
}

function without(of: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(of).filter(([, value]) => value !== undefined))
}

/** Whether both would be saved as the same. */
export function isSame(a: Diagram, b: Diagram): boolean {
  if (a === b) return true
  const same = (ours: readonly object[], theirs: readonly object[]) =>
    ours.length === theirs.length &&
    ours.every((one, n) => one === theirs[n] || JSON.stringify(one) === JSON.stringify(theirs[n]))
  return same(a.nodes, b.nodes) && same(a.edges, b.edges)
}
