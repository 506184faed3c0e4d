/** Drawings and edits of them for tests, the same for the same seed. */
import { seeded } from '../../../live/fake'
import type { Drawing } from './drawing'
import type { Fields } from './json'

export class Chance {
  readonly #draw: () => number
  #ids = 0
  readonly #mark: string

  /** `mark` is in all ids that it makes, so that those of two are never the same. */
  constructor(seed: number, mark = '') {
    this.#draw = seeded(seed)
    this.#mark = mark
  }

  upTo(most: number): number {
    return Math.floor(this.#draw() * most)
  }

  pick<T>(of: readonly T[]): T {
    return of[this.upTo(of.length)] as T
  }

  value(depth = 2): unknown {
    const makers: (() => unknown)[] = [
      () => this.upTo(3),
      () => this.pick(['a', 'b', '']),
      () => this.pick([true, false, null]),
      () => Array.from({ length: this.upTo(3) }, () => this.upTo(3)),
      () => (depth > 0 ? this.fields(depth - 1) : {}),
    ]
    return this.pick(makers)()
  }

  fields(depth: number): Fields {
    // some that objects inherit, which must be keys like any other
    const keys = ['x', 'y', 'label', '__proto__', 'constructor']
    return Object.fromEntries(
      Array.from({ length: this.upTo(4) }, () => [this.pick(keys), this.value(depth)]),
    )
  }

  node(): Fields {
    const position = { x: this.upTo(4), y: this.upTo(4) }
    return {
      id: `n${this.#mark}${this.#ids++}`,
      type: this.pick(['filter', 'scale']),
      position,
      data: this.fields(2),
    }
  }

  edge(nodes: readonly Fields[]): Fields {
    const end = () => this.pick(nodes)['id']
    return { id: `e${this.#mark}${this.#ids++}`, source: end(), target: end() }
  }

  drawing(): Drawing {
    const nodes = Array.from({ length: 1 + this.upTo(6) }, () => this.node())
    const edges = Array.from({ length: this.upTo(8) }, () => this.edge(nodes))
    return { nodes, edges, about: { name: this.pick(['one', 'two']), metadata: this.fields(2) } }
  }

  /** One edit, as somebody makes it: a node that goes takes its edges along. */
  edit(drawing: Drawing, may: (id: unknown) => boolean = () => true): Drawing {
    const { nodes, edges } = drawing
    const node = this.pick(nodes.filter(({ id }) => may(id)))
    const edge = this.pick(edges.filter(({ id }) => may(id)))
    const change = (items: readonly Fields[], item: Fields | undefined, next: Fields) =>
      items.map(other => (other === item ? { ...other, ...next } : other))
    const edits: (() => Drawing)[] = [
      () => ({ ...drawing, nodes: [...nodes, this.node()] }),
      () => (nodes.length > 0 ? { ...drawing, edges: [...edges, this.edge(nodes)] } : drawing),
      () => ({ ...drawing, nodes: change(nodes, node, { data: this.fields(2) }) }),
      () => ({ ...drawing, nodes: change(nodes, node, { position: { x: this.upTo(9), y: 0 } }) }),
      () => ({ ...drawing, nodes: change(nodes, node, { [this.pick(['type', 'extra'])]: this.value() }) }),
      () => ({ ...drawing, edges: change(edges, edge, { label: this.value(0) }) }),
      () => (node && edge ? { ...drawing, edges: change(edges, edge, { target: node['id'] }) } : drawing),
      () => ({ ...drawing, edges: edges.filter(other => other !== edge) }),
      () => ({
        ...drawing,
        nodes: nodes.filter(other => other !== node),
        edges: edges.filter(
          ({ source, target }) => !node || (source !== node['id'] && target !== node['id']),
        ),
      }),
    ]
    return this.pick(edits)()
  }
}

/** Ends that no node has. */
export function dangling({ nodes, edges }: Drawing): unknown[] {
  const ids = new Set(nodes.map(({ id }) => id))
  return edges.flatMap(({ source, target }) => [source, target]).filter(id => !ids.has(id))
}

/** Random plays take a second at most on a machine that has nothing else to do, and more on one that has. */
export const PATIENCE_MS = 60_000

/** `SEED=7` plays that one again. */
export const seeds = process.env['SEED']
  ? [Number(process.env['SEED'])]
  : Array.from({ length: 150 }, (_, seed) => seed)
