/** For tests: kinds of nodes as the server has them, and random edits that can be repeated by their seed. */
import { copied, pasted, readClip } from './clipboard'
import {
  added,
  configured,
  connected,
  type Diagram,
  moved,
  type NodeType,
  type NodeTypes,
  removed,
} from './diagram'
import { grouped, settled } from './groups'
import { inserted } from './insert'
import { edgeOf, inputsOf, outsOf, refusal } from './ports'

const spec = (kind: string, of: Partial<NodeType>): NodeType => ({
  kind,
  title: kind,
  category: 'transform',
  input: 'one',
  ports: ['out', 'error'],
  state: 'stateless',
  side_effect: false,
  fields: [],
  docs: '',
  schema: { type: 'object' },
  ...of,
})

const kinds = [
  spec('device-sensor', { title: 'Device sensor', category: 'source', input: 'nothing', ports: ['out'] }),
  spec('filter', { title: 'Filter', category: 'route', ports: ['out', 'else', 'error'] }),
  spec('switch', { title: 'Switch', category: 'route', ports: ['case', 'else', 'error'] }),
  spec('moving-average', { title: 'Moving average', fields: ['current_value', 'window_size'] }),
  spec('combine', { title: 'Combine', input: 'named' }),
  spec('interval-join', {
    title: 'Join by time',
    input: 'named',
    ports: ['out', 'unmatched', 'late', 'error'],
    schema: { type: 'object', properties: { inputs: { const: ['left', 'right'], readOnly: true } } },
  }),
  spec('display', { title: 'Display', category: 'sink', ports: ['out'] }),
  spec('comment', { title: 'Comment', category: 'structure', input: 'nothing', ports: [] }),
]

export const TYPES: NodeTypes = new Map(kinds.map(kind => [kind.kind, kind]))

/** Numbers from 0 to 1, the same for the same seed (mulberry32). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Any of the edits that the editor makes, or none where it cannot be made. */
export function randomEdit(diagram: Diagram, random: () => number): Diagram {
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)]
  const some = () => new Set(diagram.nodes.filter(() => random() < 0.2).map(({ id }) => id))
  const point = () => ({ x: Math.round(random() * 250) * 8, y: Math.round(random() * 150) * 8 })
  const node = pick(diagram.nodes)
  const other = pick(diagram.nodes)
  switch (Math.floor(random() * 10)) {
    case 0:
    case 1:
      return added(diagram, pick(kinds) as NodeType, point())
    case 2:
    case 3: {
      if (!node || !other) return diagram
      const [out, input] = [pick(outsOf(node, TYPES)), pick(inputsOf(other, TYPES))]
      if (out === undefined || input === undefined) return diagram
      const edge = edgeOf(node.id, out, other.id, input)
      return refusal(diagram, TYPES, edge) ? diagram : connected(diagram, edge)
    }
    case 4: {
      const ids = some()
      return settled(moved(diagram, new Map([...ids].map(id => [id, point()]))), ids, TYPES)
    }
    case 5: {
      const edge = pick(diagram.edges)
      return removed(
        diagram,
        new Set(random() < 0.5 && node ? [node.id] : []),
        new Set(edge ? [edge.id] : []),
      )
    }
    case 6: {
      if (!node) return diagram
      const data = {
        ...node.data,
        cases: [{ name: 'hot' }, { name: `c${Math.floor(random() * 9)}` }],
        inputs: ['a', 'b'],
      }
      return configured(diagram, node.id, data)
    }
    case 7: {
      // pasted each time, it would double and double
      if (diagram.nodes.length > 50) return removed(diagram, some())
      const clip = readClip(copied(diagram, some()))
      const told = typeof clip === 'string' ? clip : pasted(diagram, clip, point())
      return typeof told === 'string' ? diagram : told.diagram
    }
    case 8:
      return grouped(diagram, some(), TYPES)
    default: {
      const edge = pick(diagram.edges)
      return (node && edge && inserted(diagram, TYPES, edge.id, node.id)) ?? diagram
    }
  }
}
