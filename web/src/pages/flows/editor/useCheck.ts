import { useEffect } from 'react'
import { validate } from '../../../api/editor'
import { editor, useEditor } from '../../../flow/store'

/** After the last edit; while somebody types there is nothing to check yet. */
const CHECK_MS = 300

/** Has the server check what is drawn, after each edit. */
export function useCheck(): void {
  const draft = useEditor(state => state.draft)
  const id = useEditor(state => state.saved?.flow.id)
  useEffect(() => {
    if (id === undefined) return
    const gone = new AbortController()
    const timer = setTimeout(async () => {
      try {
        const problems = await validate(id, draft, gone.signal)
        if (!gone.signal.aborted) editor.getState().found(problems, draft)
      } catch {
        // it is said under the canvas; the next edit asks again
        if (!gone.signal.aborted) editor.setState({ isUnchecked: true })
      }
    }, CHECK_MS)
    return () => {
      clearTimeout(timer)
      gone.abort()
    }
  }, [draft, id])
}
