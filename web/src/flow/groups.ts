/** Nodes that belong together: they stand on a note with a frame, and move with it. */
import { changed, type Diagram, type FlowNode, freeId, type NodeTypes, nodeIds, type Point } from './diagram'
import { isGroup, placesOf, shapeOf, snapped } from './geometry'

const MARGIN = 24
/** Above the members, for the group's name. */
const HEAD = 40

/** With these nodes in a new group, which comes before them: who is drawn first is below. */
export function grouped(diagram: Diagram, ids: ReadonlySet<string>, types: NodeTypes): Diagram {
  const isWithin = withinOf(diagram)
  const members = diagram.nodes.filter(node => ids.has(node.id) && !isWithin(node, ids))
  const first = members[0]
  if (!first) return diagram
  const places = placesOf(diagram)
  const boxes = members.map(node => ({ ...(places.get(node.id) as Point), ...shapeOf(node, types) }))
  const [left, top] = [Math.min(...boxes.map(({ x }) => x)), Math.min(...boxes.map(({ y }) => y))]
  const right = Math.max(...boxes.map(({ x, width }) => x + width))
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height))
  const at = snapped({ x: left - MARGIN, y: top - HEAD })
  const parentId = members.every(node => node.parentId === first.parentId) ? first.parentId : undefined
  const parent = parentId === undefined ? undefined : places.get(parentId)
  const id = freeId('group', nodeIds(diagram))
  const group: FlowNode = {
    id,
    type: 'comment',
    position: { x: at.x - (parent?.x ?? 0), y: at.y - (parent?.y ?? 0) },
    width: snapped({ x: right + MARGIN - at.x, y: 0 }).x,
    height: snapped({ x: 0, y: bottom + MARGIN - at.y }).y,
    data: { label: 'Group', frame: true },
    ...(parentId === undefined ? {} : { parentId }),
  }
  const inside = new Set(members.map(node => node.id))
  const nodes = diagram.nodes.flatMap(node => {
    if (!inside.has(node.id)) return [node]
    const place = places.get(node.id) as Point
    const member = { ...node, parentId: id, position: { x: place.x - at.x, y: place.y - at.y } }
    return node === first ? [group, member] : [member]
  })
  return { ...diagram, nodes }
}

/** Says of nodes of a diagram whether one of the groups around them is among `ids`. */
export function withinOf(diagram: Diagram): (node: FlowNode, ids: ReadonlySet<string>) => boolean {
  const parents = new Map(diagram.nodes.map(({ id, parentId }) => [id, parentId]))
  return (node, ids) => {
    let at = node.parentId
    // groups within themselves, as somebody may have written them, end somewhere
    for (let depth = 0; at !== undefined && depth < diagram.nodes.length; depth++) {
      if (ids.has(at)) return true
      at = parents.get(at)
    }
    return false
  }
}

/** The nodes within these groups, and the groups themselves. */
export function withMembers(diagram: Diagram, ids: ReadonlySet<string>): Set<string> {
  const isWithin = withinOf(diagram)
  return new Set(diagram.nodes.filter(node => ids.has(node.id) || isWithin(node, ids)).map(({ id }) => id))
}

/** After nodes were put somewhere: each belongs to the group that its middle is on, and to none beside them. */
export function settled(diagram: Diagram, ids: ReadonlySet<string>, types: NodeTypes): Diagram {
  const places = placesOf(diagram)
  const groups = diagram.nodes.filter(isGroup)
  const isCarried = withinOf(diagram)
  let next = diagram
  for (const node of diagram.nodes) {
    // what stands in something that was put there comes with it
    if (!ids.has(node.id) || isCarried(node, ids)) continue
    const place = places.get(node.id) as Point
    const { width, height } = shapeOf(node, types)
    const middle = { x: place.x + width / 2, y: place.y + height / 2 }
    // two groups that meet may both want to stand on the other: asked of how it is by now
    const isWithin = withinOf(next)
    const mine = new Set([node.id])
    const now = new Map(next.nodes.map(one => [one.id, one]))
    const mayHold = (group: FlowNode) =>
      group.id !== node.id && !isWithin(now.get(group.id) ?? group, mine) && isOn(places, group, middle)
    // the last one that it is on is the innermost
    const home = groups.findLast(mayHold)
    if (home?.id === node.parentId) continue
    const from = home ? (places.get(home.id) as Point) : { x: 0, y: 0 }
    const position = { x: place.x - from.x, y: place.y - from.y }
    next = parentsFirst(changed(next, node.id, { position, parentId: home?.id } as Partial<FlowNode>))
  }
  return next
}

function isOn(places: ReadonlyMap<string, Point>, group: FlowNode, { x, y }: Point): boolean {
  const at = places.get(group.id)
  if (!at) return false
  return x >= at.x && y >= at.y && x <= at.x + (group.width ?? 0) && y <= at.y + (group.height ?? 0)
}

/** Groups before what is in them, as React Flow wants it; otherwise as they were. */
export function parentsFirst(diagram: Diagram): Diagram {
  const at = new Map(diagram.nodes.map((node, n) => [node.id, n]))
  const isFine = diagram.nodes.every((node, n) => (node.parentId ? (at.get(node.parentId) ?? -1) : -1) < n)
  if (isFine) return diagram
  const nodes: FlowNode[] = []
  const put = new Set<string>()
  const visit = (node: FlowNode) => {
    if (put.has(node.id)) return
    put.add(node.id)
    const parent = node.parentId === undefined ? undefined : diagram.nodes[at.get(node.parentId) ?? -1]
    if (parent) visit(parent)
    nodes.push(node)
  }
  for (const node of diagram.nodes) visit(node)
  return { ...diagram, nodes }
}
