/** What can be done to the open diagram, by buttons and by keys alike. */

import { copied, pasted, readClip } from '../../../flow/clipboard'
import {
  added,
  type Diagram,
  type FlowNode,
  moved,
  NODES_MOST,
  type NodeType,
  nameOf,
  nodeOf,
  type Point,
  removed,
} from '../../../flow/diagram'
import {
  CARD_WIDTH,
  edgeAt,
  freePlace,
  GRID,
  isGroup,
  placesOf,
  shapeOf,
  snapped,
} from '../../../flow/geometry'
import { grouped, settled } from '../../../flow/groups'
import { inserted } from '../../../flow/insert'
import { edgeOf, inputsOf, outsOf } from '../../../flow/ports'
import { editor } from '../../../flow/store'
import { tidied } from '../../../flow/tidy'
import { connect } from './connect'
import { view } from './view'

const counted = (count: number, word = 'node') => `${count} ${count === 1 ? word : `${word}s`}`

export const selectedNode = (): FlowNode | undefined => {
  const { selection, draft } = editor.getState()
  const [only, ...others] = selection.nodes
  return only !== undefined && others.length === 0 ? nodeOf(draft, only) : undefined
}

/** Adds a node: dropped at a place of the canvas, where it comes into an edge that passes there; or beside what is selected. */
export async function addNode(kind: string, dropped?: Point, follows = false): Promise<void> {
  const { draft, types, edit, select, say } = editor.getState()
  const type = types.get(kind)
  if (!type) return
  if (draft.nodes.length >= NODES_MOST) {
    say(`A flow has at most ${NODES_MOST} nodes.`, true)
    return
  }
  const before = selectedNode()
  let id = ''
  let isInserted = false
  edit(`add ${type.title}`, now => {
    const place = dropped
      ? snapped({ x: dropped.x - CARD_WIDTH / 2, y: dropped.y - 36 })
      : beside(now, before, type)
    const next = added(now, type, place)
    id = next.nodes.at(-1)?.id ?? ''
    const edge = dropped && edgeAt(now, types, dropped)
    const between = edge === undefined ? undefined : inserted(next, types, edge, id)
    isInserted = between !== undefined
    return settled(between ?? next, new Set([id]), types)
  })
  select([id])
  say(isInserted ? `${type.title} added into the edge` : `${type.title} added`)
  if (!dropped) editor.getState().reveal(id)
  const node = nodeOf(editor.getState().draft, id)
  if (!follows || !before || !node) return
  const [out, input] = [outsOf(before, types)[0], inputsOf(node, types)[0]]
  if (out !== undefined && input !== undefined) await connect(edgeOf(before.id, out, id, input))
}

function beside(diagram: Diagram, before: FlowNode | undefined, type: NodeType): Point {
  const { types } = editor.getState()
  const from = before && placesOf(diagram).get(before.id)
  const centre = view.current?.centre() ?? { x: 0, y: 0 }
  const wanted = from
    ? { x: from.x + CARD_WIDTH + 9 * GRID, y: from.y }
    : { x: centre.x - CARD_WIDTH / 2, y: centre.y - 36 }
  const { height } = shapeOf({ id: '', type: type.kind, position: wanted, data: {} }, types)
  return freePlace(diagram, types, wanted, height)
}

export function removeSelected(): void {
  const { selection, edit, say } = editor.getState()
  const { nodes, edges } = selection
  if (nodes.size + edges.size === 0) return
  const what = [nodes.size && counted(nodes.size), edges.size && counted(edges.size, 'edge')].filter(Boolean)
  edit(`delete ${what.join(' and ')}`, now => removed(now, nodes, edges))
  say(`Deleted ${what.join(' and ')}`)
}

/** The selected nodes as text. */
export const selectedText = (): string => {
  const { draft, selection } = editor.getState()
  return copied(draft, selection.nodes)
}

const AWAY = 4 * GRID

/** Puts in what a text holds, as one step; false if it holds nothing that could be, which is said. */
export function pasteText(text: string, name = 'paste'): boolean {
  const clip = readClip(text)
  const { draft, edit, select, say } = editor.getState()
  const told = typeof clip === 'string' ? clip : pasted(draft, clip, away(draft, clip))
  if (typeof told === 'string') {
    say(told, true)
    return false
  }
  edit(`${name} ${counted(told.nodes.size)}`, () => told.diagram)
  select(told.nodes, told.edges)
  say(`${counted(told.nodes.size)} added`)
  return true
}

/** Beside what is there already, so that what is pasted is not taken for it. */
function away(diagram: Diagram, clip: Diagram): Point {
  const taken = new Set([...placesOf(diagram).values()].map(({ x, y }) => `${x} ${y}`))
  const by = { x: 0, y: 0 }
  const isTaken = () =>
    clip.nodes.some(({ position }) => taken.has(`${position.x + by.x} ${position.y + by.y}`))
  while (isTaken()) {
    by.x += AWAY
    by.y += AWAY
  }
  return by
}

export function duplicate(): void {
  const text = selectedText()
  if (text) pasteText(text, 'duplicate')
}

export function groupSelected(): void {
  const { selection, types, edit, select, draft } = editor.getState()
  if (selection.nodes.size === 0) return
  edit(`group ${counted(selection.nodes.size)}`, now => grouped(now, selection.nodes, types))
  const known = new Set(draft.nodes.map(({ id }) => id))
  select(
    editor
      .getState()
      .draft.nodes.filter(({ id }) => !known.has(id))
      .map(({ id }) => id),
  )
}

export function ungroupSelected(): void {
  const { selection, edit, draft } = editor.getState()
  const groups = draft.nodes.filter(node => selection.nodes.has(node.id) && isGroup(node)).map(({ id }) => id)
  if (groups.length > 0) edit('ungroup', now => removed(now, new Set(groups)))
}

/** Lays out what is selected, or everything if that is less than two nodes. */
export async function tidy(): Promise<void> {
  const { draft, types, selection } = editor.getState()
  const only = selection.nodes.size > 1 ? selection.nodes : undefined
  const places = await tidied(draft, types, only)
  const { edit, say, draft: now } = editor.getState()
  if (now !== draft) {
    say('Not tidied: something was changed meanwhile. Try again.', true)
    return
  }
  edit(`tidy ${counted(places.size)}`, before => moved(before, places))
  say(places.size > 0 ? `Tidied ${counted(places.size)}` : 'There is nothing to tidy')
}

/** Moves what is selected; steps in one go are one step. */
export function nudge(by: Point): void {
  const { selection, draft, edit } = editor.getState()
  const chosen = draft.nodes.filter(node => selection.nodes.has(node.id))
  if (chosen.length === 0) return
  // what stands in a group that moves goes with it
  const free = chosen.filter(node => node.parentId === undefined || !selection.nodes.has(node.parentId))
  const to = new Map(free.map(({ id, position }) => [id, { x: position.x + by.x, y: position.y + by.y }]))
  edit(`move ${counted(chosen.length)}`, now => moved(now, to), `nudge ${[...to.keys()].join(' ')}`)
}

export function selectAll(): void {
  const { draft, select, say } = editor.getState()
  select(
    draft.nodes.map(({ id }) => id),
    draft.edges.map(({ id }) => id),
  )
  say(`Selected ${counted(draft.nodes.length)}`)
}

/** The selected node last gone to. */
function current(): FlowNode | undefined {
  const { selection, draft } = editor.getState()
  const last = [...selection.nodes].at(-1)
  return last === undefined ? undefined : nodeOf(draft, last)
}

/** Goes to the nearest node in a direction; without one to go from, to the first. */
export function walk(direction: Point, extends_ = false): void {
  const { draft, types } = editor.getState()
  const from = current()
  if (!from) {
    step(1)
    return
  }
  const places = placesOf(draft)
  const middle = (node: FlowNode): Point => {
    const [at, { width, height }] = [places.get(node.id) ?? { x: 0, y: 0 }, shapeOf(node, types)]
    return { x: at.x + width / 2, y: at.y + height / 2 }
  }
  const here = middle(from)
  let best: { node: FlowNode; cost: number } | undefined
  for (const node of draft.nodes) {
    if (node === from) continue
    const there = middle(node)
    const [dx, dy] = [there.x - here.x, there.y - here.y]
    const along = dx * direction.x + dy * direction.y
    const aside = Math.abs(dx * direction.y) + Math.abs(dy * direction.x)
    // what lies more beside than ahead is another direction's
    if (along <= 0 || aside > along * 2) continue
    const cost = along + aside * 2
    if (cost < (best?.cost ?? Number.POSITIVE_INFINITY)) best = { node, cost }
  }
  if (best) goTo(best.node, extends_)
}

/** Goes to the next or the previous node, from left to right and from top to bottom. */
export function step(by: 1 | -1): void {
  const { draft } = editor.getState()
  if (draft.nodes.length === 0) return
  const places = placesOf(draft)
  const at = ({ id }: FlowNode) => places.get(id) ?? { x: 0, y: 0 }
  const order = [...draft.nodes].sort((a, b) => at(a).x - at(b).x || at(a).y - at(b).y)
  const from = current()
  const now = from ? order.indexOf(from) : by > 0 ? -1 : 0
  const next = order[(now + by + order.length) % order.length]
  if (next) goTo(next, false)
}

function goTo(node: FlowNode, extends_: boolean): void {
  const { selection, reveal, select } = editor.getState()
  const before = extends_ ? [...selection.nodes].filter(id => id !== node.id) : []
  reveal(node.id)
  if (before.length > 0) select([...before, node.id])
  editor.getState().say(described(node))
}

/** A node in words, for those who do not see it. */
function described(node: FlowNode): string {
  const { draft, types } = editor.getState()
  const names = (ids: string[]) =>
    ids.map(id => nodeOf(draft, id)).map(other => (other ? nameOf(other, types) : 'nothing'))
  const from = names(draft.edges.filter(edge => edge.target === node.id).map(({ source }) => source))
  const to = names(draft.edges.filter(edge => edge.source === node.id).map(({ target }) => target))
  const title = types.get(node.type)?.title ?? node.type
  const name = nameOf(node, types)
  return [
    name === title ? name : `${name}, ${title}`,
    from.length > 0 && `from ${from.join(', ')}`,
    to.length > 0 && `to ${to.join(', ')}`,
  ]
    .filter(Boolean)
    .join('; ')
}
