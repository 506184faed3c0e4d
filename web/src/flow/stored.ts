/** What was drawn and not saved, kept in this browser until it is. */
import type { Diagram } from './diagram'
import type { Flow, Saved } from './store'

export interface StoredDraft {
  /** When it was drawn, in milliseconds since 1970. */
  at: number
  /** What it was drawn on top of. */
  base: { etag: string; version: number; diagram: Diagram }
  draft: Diagram
}

const keyOf = (flow: string) => `edgesync-draft-${flow}`

/** False if the browser has no room for it. */
export function keep(flow: string, draft: StoredDraft): boolean {
  try {
    localStorage.setItem(keyOf(flow), JSON.stringify(draft))
    return true
  } catch {
    return false
  }
}

export function forget(flow: string): void {
  try {
    localStorage.removeItem(keyOf(flow))
  } catch {
    // nothing is stored where nothing can be
  }
}

export function recall(flow: string): StoredDraft | undefined {
  try {
    const stored = JSON.parse(localStorage.getItem(keyOf(flow)) ?? 'null') as StoredDraft | null
    return stored?.draft.nodes && stored.base.diagram.nodes ? stored : undefined
  } catch {
    return undefined
  }
}

/** What a stored draft was drawn on, as if it had been opened then: saving it asks what to do if others saved since. */
export function baseOf({ base }: StoredDraft, flow: Flow): Saved {
  return { flow: { ...flow, version: base.version }, etag: base.etag, diagram: base.diagram }
}
