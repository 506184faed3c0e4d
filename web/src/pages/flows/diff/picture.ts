/** Where the nodes and edges of a drawing stand, and what happened to each, for a small picture of it. */
import type { Change } from './diff'
import { byId, type Drawing, nameOf } from './drawing'
import { type Fields, isFields, own } from './json'

export type Mark = 'added' | 'removed' | 'changed' | 'moved' | 'same'

export interface Box {
  id: string
  name: string
  type: string
  x: number
  y: number
  width: number
  height: number
  mark: Mark
}

export interface Line {
  id: string
  path: string
  mark: Mark
}

export interface Picture {
  boxes: Box[]
  lines: Line[]
  /** All of it, with room around: x, y, width, height. */
  frame: [number, number, number, number]
}

/** As large as the editor draws a node whose size is not told. */
const [WIDTH, HEIGHT] = [200, 64]
const ROOM = 24

/** The second drawing, with what went from the first where it was. */
export function picture(base: Drawing, other: Drawing, changes: readonly Change[]): Picture {
  const [before, after] = [byId(base.nodes), byId(other.nodes)]
  const nodes = new Map([...before, ...after])
  const marks = marksOf(changes)
  const boxes: Box[] = []
  for (const [id, node] of nodes) {
    const { x, y } = place(node, nodes)
    const type = own(node, 'type')
    boxes.push({
      id,
      name: nameOf(node, id),
      type: typeof type === 'string' ? type : '',
      x,
      y,
      width: size(node, 'width') ?? WIDTH,
      height: size(node, 'height') ?? HEIGHT,
      mark: marks.get(`node ${id}`) ?? 'same',
    })
  }
  const known = new Map(boxes.map(box => [box.id, box]))
  const lines: Line[] = []
  for (const [id, edge] of new Map([...byId(base.edges), ...byId(other.edges)])) {
    const from = known.get(String(own(edge, 'source')))
    const to = known.get(String(own(edge, 'target')))
    if (from && to) lines.push({ id, path: curve(from, to), mark: marks.get(`edge ${id}`) ?? 'same' })
  }
  // what is large stands behind what is small: a group behind its nodes
  boxes.sort((a, b) => b.width * b.height - a.width * a.height)
  return { boxes, lines, frame: frame(boxes) }
}

/** What stands out most of all that happened to each item. */
export function marksOf(changes: readonly Change[]): Map<string, Mark> {
  const marks = new Map<string, Mark>()
  for (const { what, id, kind } of changes) {
    const key = `${what} ${id}`
    if (kind !== 'moved' || !marks.has(key)) marks.set(key, kind)
  }
  return marks
}

function place(node: Fields, nodes: ReadonlyMap<string, Fields>): { x: number; y: number } {
  let [x, y] = [0, 0]
  const seen = new Set<Fields>()
  // a node in a group is placed from the group's corner
  for (let at: Fields | undefined = node; at && !seen.has(at); ) {
    seen.add(at)
    const position = own(at, 'position')
    if (isFields(position)) {
      x += number(own(position, 'x')) ?? 0
      y += number(own(position, 'y')) ?? 0
    }
    at = nodes.get(String(own(at, 'parentId')))
  }
  return { x, y }
}

function size(node: Fields, key: 'width' | 'height'): number | undefined {
  const style = own(node, 'style')
  return number(own(node, key)) ?? (isFields(style) ? number(own(style, key)) : undefined)
}

function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function curve(from: Box, to: Box): string {
  const [x1, y1] = [from.x + from.width, from.y + from.height / 2]
  const [x2, y2] = [to.x, to.y + to.height / 2]
  const bend = Math.max(40, Math.abs(x2 - x1) / 2)
  return `M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`
}

function frame(boxes: readonly Box[]): Picture['frame'] {
  if (boxes.length === 0) return [0, 0, WIDTH, HEIGHT]
  const left = Math.min(...boxes.map(({ x }) => x)) - ROOM
  const top = Math.min(...boxes.map(({ y }) => y)) - ROOM
  const right = Math.max(...boxes.map(({ x, width }) => x + width)) + ROOM
  const bottom = Math.max(...boxes.map(({ y, height }) => y + height)) + ROOM
  return [left, top, right - left, bottom - top]
}
