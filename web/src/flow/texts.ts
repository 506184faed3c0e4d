/**
 * The places where live values are written: past React, because they change several times a second. Whoever has the values registers with
 * `watchTexts` and is told of each place that comes into view, so that it can be filled at once; `texts()` are those that are in view now.
 */

export interface EdgeText {
  kind: 'edge'
  id: string
  source: string
  /** The out that it leaves by. */
  port: string
  /** To be given `textContent`. */
  element: SVGTextElement
}

export interface NodeText {
  kind: 'node'
  id: string
  /** The last value: to be given `textContent`. */
  element: HTMLElement
  /** The card, whose `data-run` may be `running`, `degraded` (it has errors just now), `failed` or absent. */
  card: HTMLElement
}

export type LiveText = EdgeText | NodeText

const places = new Set<LiveText>()
let watchers: readonly ((place: LiveText) => void)[] = []

export const texts = (): ReadonlySet<LiveText> => places

/** Called by cards and edges when they come into view; what it answers is to be called when they leave it. */
export function placeText(place: LiveText): () => void {
  places.add(place)
  for (const watcher of watchers) watcher(place)
  return () => {
    places.delete(place)
  }
}

/** Calls `watcher` with each place that is in view, now and later. */
export function watchTexts(watcher: (place: LiveText) => void): () => void {
  watchers = [...watchers, watcher]
  for (const place of places) watcher(place)
  return () => {
    watchers = watchers.filter(other => other !== watcher)
  }
}
