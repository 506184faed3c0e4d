import { useEffect } from 'react'
import { inEditor } from './keys'

/** Listens for the keys that do the same wherever one is in the editor. */
export function useKeys(): void {
  useEffect(() => {
    const pressed = (event: KeyboardEvent) => {
      // below a dialog nothing is done
      if (event.target instanceof Element && event.target.closest('[role="dialog"]')) return
      const act = inEditor(event, isText(event.target))
      if (!act) return
      event.preventDefault()
      act()
    }
    document.addEventListener('keydown', pressed)
    return () => document.removeEventListener('keydown', pressed)
  }, [])
}

/** Whether keys write into it: then undo is the text's own. */
function isText(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement && (target.isContentEditable || target.matches('input, textarea, select'))
  )
}
