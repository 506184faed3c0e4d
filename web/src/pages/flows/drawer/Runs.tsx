import { useMemo } from 'react'
import { isDirty, useEditor } from '../../../flow/store'
import { RunsPanel } from '../runs/RunsPanel'

/** The runs of the flow that is open; what is run by hand is what is drawn, saved or not. */
export function Runs() {
  const flow = useEditor(state => state.saved?.flow)
  const draft = useEditor(state => state.draft)
  const isChanged = useEditor(isDirty)
  const may = useEditor(state => state.mayEdit)
  const drawing = useMemo(() => ({ nodes: draft.nodes, edges: draft.edges }), [draft])
  if (!flow) return null
  return <RunsPanel flow={flow} may={may} {...(isChanged ? { drawing } : {})} />
}
