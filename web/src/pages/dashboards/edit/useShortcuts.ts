import { useEffect, useRef } from 'react'
import type { EditorState } from './useEditor'

/** Undo, redo and save by keyboard. In a field the browser's own undo is what people mean. */
export function useShortcuts(editor: EditorState): void {
  const latest = useRef(editor)
  useEffect(() => {
    latest.current = editor
  })
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.altKey) return
      const key = event.key.toLowerCase()
      const { undo, redo, save, isUnsaved, isSaving, conflict } = latest.current
      if (conflict) return
      if (key === 's') {
        event.preventDefault()
        if (isUnsaved && !isSaving) void save()
        return
      }
      if (key !== 'z' && key !== 'y') return
      if (event.target instanceof HTMLElement && event.target.closest('input, textarea')) return
      event.preventDefault()
      if (key === 'y' || event.shiftKey) redo()
      else undo()
    }
    addEventListener('keydown', press)
    return () => removeEventListener('keydown', press)
  }, [])
}
