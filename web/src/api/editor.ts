/** What the flow editor asks and sends. */
import { queryOptions } from '@tanstack/react-query'
import { type Diagram, type FlowProblem, type NodeType, type NodeTypes, opened } from '../flow/diagram'
import type { Saved } from '../flow/store'
import { api, type Schemas, take } from './client'

/** The kinds of nodes. They change with the server's version only. */
export const nodeTypesQuery = queryOptions({
  queryKey: ['node-types'],
  staleTime: Number.POSITIVE_INFINITY,
  queryFn: async ({ signal }): Promise<NodeTypes> => {
    const { items } = await take(api.GET('/api/v1/node-types', { signal }))
    return new Map(items.map(type => [type.kind, type as unknown as NodeType]))
  },
})

/** A flow with its diagram and the ETag to save it with. */
export async function fetchFlow(id: string, signal?: AbortSignal): Promise<Saved> {
  const init = { params: { path: { id } }, ...(signal ? { signal } : {}) }
  return withTag(api.GET('/api/v1/flows/{id}', init))
}

/** Saves the drawing if it is still `etag` that is saved; otherwise a `Problem` with the status 412. */
export async function saveDiagram(id: string, diagram: Diagram, etag: string): Promise<Saved> {
  const params = { path: { id }, header: { 'If-Match': etag } }
  return withTag(api.PATCH('/api/v1/flows/{id}', { params, body: body(diagram) }))
}

/** What is wrong with a drawing. */
export async function validate(id: string, diagram: Diagram, signal: AbortSignal): Promise<FlowProblem[]> {
  const init = { params: { path: { id } }, body: body(diagram), signal }
  return (await take(api.POST('/api/v1/flows/{id}/validate', init))).problems
}

// Nodes and edges are objects of any form to the description of the API.
function body({
  nodes,
  edges,
}: Diagram): Pick<Schemas['FlowPatch'], 'nodes' | 'edges'> & Schemas['FlowDraft'] {
  return { nodes, edges } as unknown as Schemas['FlowDraft']
}

async function withTag(
  asked: Promise<{ data?: Schemas['FlowDiagram']; error?: unknown; response: Response }>,
) {
  let etag = ''
  const flow = await take(
    asked.then(answer => {
      etag = answer.response.headers.get('etag') ?? ''
      return answer
    }),
  )
  return { flow: flow as Schemas['FlowDiagram'], etag, diagram: opened(flow as Schemas['FlowDiagram']) }
}
