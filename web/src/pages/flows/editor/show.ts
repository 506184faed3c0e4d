/** Leads to the place of a problem. */
import type { FlowProblem } from '../../../flow/diagram'
import { editor } from '../../../flow/store'

/** Selects the node or the edge, brings it into view, and puts the keyboard into the field that it is about. */
export function showProblem({ node, edge, field }: Pick<FlowProblem, 'node' | 'edge' | 'field'>): void {
  const { draft, reveal, select } = editor.getState()
  if (node) {
    reveal(node)
    if (field) void focusField(field)
    return
  }
  const end = draft.edges.find(({ id }) => id === edge)
  if (!end) return
  reveal(end.source)
  select([], [end.id])
}

/** The form comes a moment after the node is selected, the first one after it was loaded. */
const FRAMES_MOST = 120

async function focusField(field: string): Promise<void> {
  for (let frame = 0; frame < FRAMES_MOST; frame++) {
    await new Promise(next => requestAnimationFrame(next))
    const place = placeOf(field)
    if (!place) continue
    place.scrollIntoView({ block: 'nearest' })
    place.focus()
    return
  }
}

/** What edits `cases[0].expression`; if nothing does, what edits `cases[0]`, or `cases`. */
function placeOf(field: string): HTMLElement | undefined {
  const form = document.querySelector('[data-inspector]')
  for (let path = field; path !== ''; path = path.replace(/(\.[^.[\]]*|\[[^\]]*\]|^[^.[\]]*)$/, '')) {
    const place = form?.querySelector(`[data-field="${CSS.escape(path)}"]`)
    const input = place?.querySelector<HTMLElement>(
      'input, textarea, select, [contenteditable="true"], button',
    )
    // a field that is still loading is waited for
    if (place) return input ?? undefined
  }
  return undefined
}
