/** Flows as files: what an export holds, and what an import may be. */
import type { FlowDiagram, FlowInput } from '../../api/flows'
import { isFields, own } from './diff/json'

/** As the API has them. */
const NODES_MOST = 500
const EDGES_MOST = 2_000
const BYTES_MOST = 1_048_576

/** All that a person drew and wrote of a flow. Who owns it and what runs of it belongs to the server that it came from. */
export function exported(flow: FlowDiagram): string {
  const { name, description, tags, nodes, edges, metadata } = flow
  return `${JSON.stringify({ name, description, tags, nodes, edges, metadata }, undefined, 2)}\n`
}

/** A name for the file of a flow. */
export function fileName(name: string): string {
  const plain = name
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9._-]+/g, '-')
    .replace(/^[-.]+|[-.]+$/g, '')
  return `${plain || 'flow'}.flow.json`
}

export type Imported = { flow: Omit<FlowInput, 'name'> & { name?: string } } | { trouble: string }

/** A flow from the text of a file: an export of this program, or a diagram of React Flow. Unknown keys of nodes and edges stay. */
export function imported(text: string): Imported {
  if (new TextEncoder().encode(text).length > BYTES_MOST) {
    return {
      trouble:
        'The file is larger than 1 MiB, which is the most that a flow may have. Take out what is not needed.',
    }
  }
  let read: unknown
  try {
    read = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { trouble: `The file is no JSON (${why}). Export the flow again, or correct it there.` }
  }
  // an answer of the API or of a tool may have the diagram one level down
  const outer = isFields(read) ? read : undefined
  const inner = outer && ['flow', 'diagram', 'data'].map(key => own(outer, key)).find(isDiagram)
  const found = isDiagram(outer) ? outer : inner
  if (!found) {
    return {
      trouble:
        'There is no diagram in the file: it has to be an object with a list “nodes”, and “edges” beside it.',
    }
  }
  const { nodes, edges = [] } = found as { nodes: unknown[]; edges?: unknown[] }
  const odd = [...nodes, ...edges].find(item => !isFields(item))
  if (odd !== undefined) return { trouble: 'Something in “nodes” or “edges” is no object. Each must be one.' }
  if (nodes.length > NODES_MOST || edges.length > EDGES_MOST) {
    return {
      trouble: `It has ${nodes.length} nodes and ${edges.length} edges; ${NODES_MOST} and ${EDGES_MOST} are the most. Divide it into several flows.`,
    }
  }
  const of = found as Record<string, unknown>
  const metadata = isFields(of['metadata']) ? of['metadata'] : {}
  const viewport = isFields(of['viewport']) ? { viewport: of['viewport'] } : {}
  const { name, description, tags } = of
  return {
    flow: {
      nodes: nodes as FlowDiagram['nodes'],
      edges: edges as FlowDiagram['edges'],
      metadata: { ...viewport, ...metadata } as FlowDiagram['metadata'],
      ...(typeof name === 'string' && name.trim() ? { name: name.trim().slice(0, 200) } : {}),
      ...(typeof description === 'string' ? { description } : {}),
      ...(Array.isArray(tags) ? { tags: tags.filter(tag => typeof tag === 'string') } : {}),
    },
  }
}

function isDiagram(value: unknown): boolean {
  if (!isFields(value) || !Array.isArray(value['nodes'])) return false
  return value['edges'] === undefined || Array.isArray(value['edges'])
}
