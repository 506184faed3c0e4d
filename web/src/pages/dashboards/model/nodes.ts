/** Nodes of a flow that a widget can show. */
import type { Schemas } from '../../../api/client'

export interface NodeChoice {
  id: string
  kind: string
  label: string
}

type Kind = Pick<Schemas['NodeType'], 'kind' | 'title' | 'ports' | 'fields'>

/** Nodes whose records come out somewhere. Ends of a flow are among them: what comes to them is what they show. */
export function nodesOf(nodes: readonly object[], kinds: readonly Kind[]): NodeChoice[] {
  const titles = new Map(kinds.map(({ kind, title }) => [kind, title]))
  return (nodes as readonly Record<string, unknown>[]).flatMap(node => {
    const { id, type } = node
    if (typeof id !== 'string' || typeof type !== 'string') return []
    // Notes and groups of the editor are no nodes of the engine.
    if (kinds.length > 0 && !titles.has(type)) return []
    const data = (node['data'] ?? {}) as Record<string, unknown>
    const named = typeof data['label'] === 'string' && data['label'] ? data['label'] : undefined
    const title = titles.get(type) ?? type
    return [{ id, kind: type, label: `${named ?? title} (${id})` }]
  })
}

/** What its records carry, the value first. */
export function fieldsOf(kind: string | undefined, kinds: readonly Kind[]): string[] {
  return ['output', ...(kinds.find(known => known.kind === kind)?.fields ?? [])]
}
