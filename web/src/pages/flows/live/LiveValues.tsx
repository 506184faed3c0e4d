import { useEffect } from 'react'
import { useEditor } from '../../../flow/store'
import { watchFlow } from './watch'

/** Writes what comes over each edge and how each node is, while the editor is open. Shows nothing itself. */
export function LiveValues() {
  const id = useEditor(state => state.saved?.flow.id)
  useEffect(() => (id === undefined ? undefined : watchFlow(id)), [id])
  return null
}
