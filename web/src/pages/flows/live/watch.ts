/**
 * Live values and rates of a flow, written to the places of the canvas past React: at most four times a second, and only those that are in
 * view and have changed.
 */
import { QueryObserver } from '@tanstack/react-query'
import { metricsQuery } from '../../../api/flow_metrics'
import { queryClient } from '../../../api/queries'
import { type LiveText, texts, watchTexts } from '../../../flow/texts'
import { link } from '../../../live/hooks'
import { shown } from '../../../parts/value'
import { edgeText, type Looks, nodeOf, rateOf } from './rates'

const TEXT_MS = 250
/** Nodes whose values are asked for; a flow of 500 nodes shows so many at a time only when nobody could read them. */
const WATCHED_MOST = 100

/** Begins; what it answers ends it. */
export function watchFlow(id: string): () => void {
  let looks: Looks | undefined
  const watched = new Map<string, () => void>()
  const written = new WeakMap<Element, string>()

  const write = (element: Element, text: string) => {
    if (written.get(element) === text) return
    written.set(element, text)
    element.textContent = text
  }

  const fill = (place: LiveText) => {
    const node = place.kind === 'edge' ? place.source : place.id
    const counts = looks && nodeOf(looks.now.metrics, node)
    if (!looks || !counts) {
      // it does not run: what was written of a version before is not true any more
      write(place.element, '')
      if (place.kind === 'node') place.card.removeAttribute('data-run')
      return
    }
    if (place.kind === 'node') {
      write(place.element, newestOf(id, node) ?? '')
      place.card.setAttribute('data-run', counts.state === 'ok' ? 'running' : counts.state)
    } else {
      const value = place.port === 'out' ? newestOf(id, node) : undefined
      write(place.element, edgeText(value, rateOf(looks, node, place.port)))
    }
  }

  /** Values are asked for of the nodes that run and are in view. */
  const choose = () => {
    const wanted = new Set<string>()
    for (const place of texts()) {
      const node = place.kind === 'edge' ? place.source : place.id
      if (wanted.size < WATCHED_MOST && looks && nodeOf(looks.now.metrics, node)) wanted.add(node)
    }
    for (const [node, leave] of watched) {
      if (wanted.has(node)) continue
      leave()
      watched.delete(node)
    }
    for (const node of wanted) {
      if (!watched.has(node))
        watched.set(
          node,
          link.watch({ flow: id, node }, () => {}),
        )
    }
  }

  const all = () => {
    for (const place of texts()) fill(place)
  }

  const observer = new QueryObserver(queryClient, metricsQuery(id))
  const look = (result: ReturnType<typeof observer.getCurrentResult>) => {
    if (!result.data || result.dataUpdatedAt === looks?.now.at) return
    looks = { now: { at: result.dataUpdatedAt, metrics: result.data }, before: looks?.now }
    choose()
    all()
  }
  const forget = observer.subscribe(look)
  look(observer.getCurrentResult())
  const leave = watchTexts(place => {
    fill(place)
  })
  const timer = setInterval(() => {
    if (!document.hidden) all()
  }, TEXT_MS)
  return () => {
    clearInterval(timer)
    leave()
    forget()
    looks = undefined
    all()
    for (const end of watched.values()) end()
  }
}

/** The newest value that a node put out, with its unit. */
function newestOf(flow: string, node: string): string | undefined {
  const { ring, unit } = link.feed({ flow, node })
  if (!ring.latest) return undefined
  return unit ? `${shown(ring.latest.value)} ${unit}` : shown(ring.latest.value)
}
