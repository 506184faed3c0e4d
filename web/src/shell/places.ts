/** Where the command palette leads: pages by their words, and things that the server finds by their names. */

export interface Place {
  /** What it is, in a word. */
  kind: string
  name: string
  /** Its address, without the beginning. */
  to: string
}

/** Pages whose words begin with each word that was typed, in their order; all if nothing was. */
export function pagesFor(typed: string, pages: readonly Place[]): Place[] {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  return pages.filter(({ name, kind }) => {
    const own = `${kind} ${name}`.toLowerCase().split(/\s+/)
    return words.every(word => own.some(part => part.startsWith(word)))
  })
}

/** Things whose name is what was typed come first, then those that begin with it, then as the server had them. */
export function ranked(typed: string, places: Place[]): Place[] {
  const text = typed.trim().toLowerCase()
  const rank = ({ name }: Place) => {
    const own = name.toLowerCase()
    return own === text ? 0 : own.startsWith(text) ? 1 : 2
  }
  return places
    .map((place, index) => ({ place, index }))
    .sort((a, b) => rank(a.place) - rank(b.place) || a.index - b.index)
    .map(({ place }) => place)
}
