/** Saves the open draft. */
import { fetchFlow, saveDiagram } from '../../../api/editor'
import { advice, Problem, problemOf } from '../../../api/problem'
import { queryClient } from '../../../api/queries'
import { editor, isDirty } from '../../../flow/store'

let running: Promise<boolean> | undefined

/** Whether the draft is saved now; otherwise there is a conflict to be resolved. Throws a `Problem` if it could not be sent. */
export function save(): Promise<boolean> {
  running ??= send().finally(() => {
    running = undefined
  })
  return running
}

async function send(): Promise<boolean> {
  const { saved, draft } = editor.getState()
  if (!saved || !isDirty(editor.getState())) return true
  const { id } = saved.flow
  try {
    const next = await saveDiagram(id, draft, saved.etag)
    if (editor.getState().saved?.flow.id !== id) return true
    // what was sent is kept as it is here: the same objects, so that nothing is drawn anew
    editor.getState().adopt({ ...next, diagram: draft })
    editor.getState().say('Saved')
    void queryClient.invalidateQueries({ queryKey: ['flows'] })
    return true
  } catch (error) {
    if (!(error instanceof Problem && error.status === 412)) throw error
    const theirs = await fetchFlow(id)
    if (editor.getState().saved?.flow.id !== id) return false
    editor.setState({ conflict: { base: saved, mine: draft, theirs } })
    return false
  }
}

/** Saves, and says how that went in the line under the canvas. */
export async function saveAndSay(): Promise<boolean> {
  try {
    return await save()
  } catch (error) {
    const problem = problemOf(error)
    editor.getState().say(`Not saved: ${problem.message}. ${advice(problem)}`, true)
    return false
  }
}
