/** A flow as it is drawn, for comparing: React Flow's nodes and edges with whatever keys they have, and what is said of the flow itself. */
import { type Fields, isFields, own } from './json'

export interface Drawing {
  nodes: readonly Fields[]
  edges: readonly Fields[]
  /** Name, description, tags, metadata: what is compared beside the diagram. */
  about?: Fields
}

export type What = 'node' | 'edge' | 'flow'

/** Kept by the editor on nodes and edges while somebody works with them; no part of what is drawn. */
const PASSING = new Set(['selected', 'dragging', 'resizing', 'measured', 'positionAbsolute'])

/** A node or an edge without what the editor keeps on it for the moment. */
export function lasting(item: Fields): Fields {
  return Object.keys(item).some(key => PASSING.has(key))
    ? Object.fromEntries(Object.entries(item).filter(([key]) => !PASSING.has(key)))
    : item
}

/** Items by their ids. One without an id, or with that of another, has a name of its own here: nothing is lost by comparing. */
export function byId(items: readonly Fields[]): Map<string, Fields> {
  const named = new Map<string, Fields>()
  for (const item of items) {
    const id = own(item, 'id')
    let name = typeof id === 'string' && id !== '' ? id : '#'
    while (named.has(name)) name += '#'
    named.set(name, lasting(item))
  }
  return named
}

/** The nodes that an item needs: an edge both of its ends, a node the group that it is in. */
export function needs(item: Fields): string[] {
  return ['source', 'target', 'parentId'].map(key => own(item, key)).filter(id => typeof id === 'string')
}

/** What a node is called. */
export function nameOf(node: Fields | undefined, id: string): string {
  const data = node && own(node, 'data')
  const label = isFields(data) ? own(data, 'label') : undefined
  if (typeof label === 'string' && label.trim() !== '') return label
  const type = node && own(node, 'type')
  return typeof type === 'string' ? `${type} (${id})` : id
}
