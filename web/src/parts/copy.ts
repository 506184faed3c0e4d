/** Puts text into the clipboard; false if the browser does not let us. Works without TLS, where there is no `navigator.clipboard`. */
export async function copy(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text)
      return true
    }
  } catch {
    // not allowed: the older way may be
  }
  const area = document.createElement('textarea')
  area.value = text
  area.style.position = 'fixed'
  area.style.opacity = '0'
  // Inside of an open dialog: outside of it nothing can have the focus.
  const place = document.querySelector('[role="dialog"]') ?? document.body
  const before = document.activeElement
  place.append(area)
  area.select()
  try {
    return document.execCommand('copy')
  } finally {
    area.remove()
    if (before instanceof HTMLElement) before.focus()
  }
}
