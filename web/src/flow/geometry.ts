/** Where things are on the canvas: known without asking the browser, so that what is out of view has a size too. Pixels at zoom 1. */
import type { Diagram, FlowEdge, FlowNode, NodeTypes, Point } from './diagram'
import { inputOf, inputsOf, lostPorts, outOf, outsOf } from './ports'

export const GRID = 8
export const CARD_WIDTH = 200
/** Bar, name, summary and value. */
export const CARD_HEIGHT = 72
/** Of each row of named ports. */
export const ROW_HEIGHT = 16
/** Rows of outs begin beside the value, those of inputs below it. */
const OUT_ROWS = 48
const INPUT_ROWS = 64
const ROWS_END = 8
const NOTE = { width: 200, height: 80 }

export interface PortPlace {
  name: string
  /** From the upper edge of the card. */
  y: number
  /** Whether only an edge knows it. */
  isLost: boolean
  /** Whether its name stands beside it. */
  isNamed: boolean
}

export interface Shape {
  width: number
  height: number
  outs: readonly PortPlace[]
  inputs: readonly PortPlace[]
}

export const isNote = (node: FlowNode) => node.type === 'comment'
/** A group is a note that others stand on: nothing runs for it, so that every server takes it. */
export const isGroup = (node: FlowNode) => isNote(node) && node.data['frame'] === true

const NO_PORTS = { outs: [] as string[], inputs: [] as string[] }

/** Size and ports of a node. `edges` are those that touch it, if ports that it lost are to be shown. */
export function shapeOf(node: FlowNode, types: NodeTypes, edges: readonly FlowEdge[] = []): Shape {
  const lost = edges.length > 0 ? lostPorts(node, edges, types) : NO_PORTS
  if (isNote(node)) {
    const [width, height] = [node.width ?? NOTE.width, node.height ?? NOTE.height]
    const middle = (names: string[]) =>
      names.map(name => ({ name, y: height / 2, isLost: true, isNamed: false }))
    return { width, height, outs: middle(lost.outs), inputs: middle(lost.inputs) }
  }
  const outs = rows(outsOf(node, types), lost.outs, OUT_ROWS)
  const inputs = rows(inputsOf(node, types), lost.inputs, INPUT_ROWS)
  const height = Math.max(CARD_HEIGHT, outs.end + ROWS_END, inputs.end + ROWS_END)
  return { width: CARD_WIDTH, height, outs: outs.places, inputs: inputs.places }
}

/** One port is in the middle of the card; several have a row each. */
function rows(names: string[], lost: string[], from: number): { end: number; places: PortPlace[] } {
  const all = [...names, ...lost]
  if (names.length === 1 && lost.length === 0) {
    return {
      end: 0,
      places: [{ name: names[0] as string, y: CARD_HEIGHT / 2, isLost: false, isNamed: false }],
    }
  }
  const place = (name: string, n: number): PortPlace => ({
    name,
    y: from + n * ROW_HEIGHT + ROW_HEIGHT / 2,
    isLost: n >= names.length,
    isNamed: true,
  })
  return { end: all.length > 0 ? from + all.length * ROW_HEIGHT : 0, places: all.map(place) }
}

/** Where nodes are on the canvas, those in groups too. */
export function placesOf(diagram: Diagram): Map<string, Point> {
  const nodes = new Map(diagram.nodes.map(node => [node.id, node]))
  const places = new Map<string, Point>()
  const place = (node: FlowNode, depth: number): Point => {
    const known = places.get(node.id)
    if (known) return known
    const parent = node.parentId === undefined ? undefined : nodes.get(node.parentId)
    // groups within themselves, as somebody may have written them, end somewhere
    const from = parent && depth < 32 ? place(parent, depth + 1) : { x: 0, y: 0 }
    const at = { x: from.x + node.position.x, y: from.y + node.position.y }
    places.set(node.id, at)
    return at
  }
  for (const node of diagram.nodes) place(node, 0)
  return places
}

export const snapped = ({ x, y }: Point): Point => ({
  x: Math.round(x / GRID) * GRID,
  y: Math.round(y / GRID) * GRID,
})

/** A place near `wanted` where a card of this height covers no other one. */
export function freePlace(diagram: Diagram, types: NodeTypes, wanted: Point, height: number): Point {
  const places = placesOf(diagram)
  const taken = diagram.nodes
    .filter(node => !isGroup(node))
    .map(node => ({ ...(places.get(node.id) as Point), ...shapeOf(node, types) }))
  const at = snapped(wanted)
  const isFree = ({ x, y }: Point) =>
    taken.every(
      box =>
        x + CARD_WIDTH + GRID <= box.x ||
        box.x + box.width + GRID <= x ||
        y + height + GRID <= box.y ||
        box.y + box.height + GRID <= y,
    )
  // downwards, a step at a time: at the latest below the lowest one it is free
  while (!isFree(at)) at.y += 2 * GRID
  return at
}

/** How near to an edge something must be dropped to come between its ends. */
const NEAR = 32

/** The edge that passes near a place. */
export function edgeAt(diagram: Diagram, types: NodeTypes, { x, y }: Point): string | undefined {
  const places = placesOf(diagram)
  const nodes = new Map(diagram.nodes.map(node => [node.id, node]))
  let found: { id: string; away: number } | undefined
  for (const edge of diagram.edges) {
    const [source, target] = [nodes.get(edge.source), nodes.get(edge.target)]
    if (!source || !target) continue
    const from = portPlace(places, source, shapeOf(source, types).outs, outOf(edge, source, types), true)
    const to = portPlace(places, target, shapeOf(target, types).inputs, inputOf(edge, target, types), false)
    if (!from || !to) continue
    const away = distance(from, to, { x, y })
    if (away <= NEAR && away < (found?.away ?? Number.POSITIVE_INFINITY)) found = { id: edge.id, away }
  }
  return found?.id
}

function portPlace(
  places: ReadonlyMap<string, Point>,
  node: FlowNode,
  ports: readonly PortPlace[],
  name: string,
  isOut: boolean,
): Point | undefined {
  const [at, port] = [places.get(node.id), ports.find(port => port.name === name)]
  return at && port && { x: at.x + (isOut ? CARD_WIDTH : 0), y: at.y + port.y }
}

/** From a point to the curve of an edge, measured at a few places of it. */
function distance(from: Point, to: Point, at: Point): number {
  const reach = to.x >= from.x ? (to.x - from.x) / 2 : 6.25 * Math.sqrt(from.x - to.x)
  let nearest = Number.POSITIVE_INFINITY
  for (let n = 0; n <= 16; n++) {
    const [t, u] = [n / 16, 1 - n / 16]
    const bend = 3 * u * t
    const x = u ** 3 * from.x + bend * u * (from.x + reach) + bend * t * (to.x - reach) + t ** 3 * to.x
    const y = (u ** 3 + bend * u) * from.y + (bend * t + t ** 3) * to.y
    nearest = Math.min(nearest, Math.hypot(x - at.x, y - at.y))
  }
  return nearest
}
