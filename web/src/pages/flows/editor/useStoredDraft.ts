import { useEffect } from 'react'
import { type EditorState, editor, isDirty } from '../../../flow/store'
import { forget, keep } from '../../../flow/stored'

const KEEP_MS = 500

/** Keeps what is not saved in this browser; it is forgotten when it is saved, or drawn back to what is. */
export function useStoredDraft(): void {
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let isKept = false
    const write = (state: EditorState) => {
      clearTimeout(timer)
      timer = undefined
      const { saved, draft } = state
      if (!saved) return
      const { etag, diagram, flow } = saved
      if (isDirty(state)) {
        isKept = keep(flow.id, { at: Date.now(), base: { etag, version: flow.version, diagram }, draft })
      } else if (isKept) {
        // what was kept at another time, and is not taken up yet, stays
        forget(flow.id)
        isKept = false
      }
    }
    const now = () => {
      if (timer !== undefined) write(editor.getState())
    }
    const leave = editor.subscribe((state, before) => {
      if (!state.saved) {
        // it is closed before this page has gone
        if (timer !== undefined) write(before)
      } else if (state.draft !== before.draft || state.saved !== before.saved) {
        timer ??= setTimeout(now, KEEP_MS)
      }
    })
    // the tab may be closed before the timer
    addEventListener('pagehide', now)
    return () => {
      removeEventListener('pagehide', now)
      leave()
      now()
    }
  }, [])
}
