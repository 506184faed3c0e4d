import { useEffect, useRef, useState } from 'react'
import { useNow } from '../live/hooks'
import { serverNow } from '../live/now'
import { ago, at } from '../parts/time'
import { type Condition, conditionOf, newestOf, staleMs } from './condition'
import type { DrawnWidget } from './model'
import type { Series } from './series'
import classes from './Widget.module.css'

/** Faster than this nobody reads, and React has no need to know. */
const TEXT_MS = 250

/** Looked at a few times a second at most, as values come and time goes on; React is told of what is another one only. */
export function useCondition(widget: DrawnWidget, series: readonly Series[], isLive: boolean): Condition {
  const look = () =>
    conditionOf(
      widget,
      series.map(({ track }) => track),
      isLive,
      serverNow(),
    )
  const [condition, setCondition] = useState(look)
  const looking = useRef(look)
  looking.current = look
  useEffect(() => {
    const again = () =>
      setCondition(before => (isSame(before, looking.current()) ? before : looking.current()))
    const timer = setInterval(again, 1_000)
    const leave = listenTo(series, again)
    return () => {
      clearInterval(timer)
      leave()
    }
  }, [series])
  // Another widget or another time has none of the conditions of the one before.
  const now = look()
  return isSame(condition, now) ? condition : now
}

function isSame(a: Condition, b: Condition): boolean {
  if (a.kind === 'trouble' && b.kind === 'trouble') return a.code === b.code && a.message === b.message
  return a.kind === b.kind
}

/** Calls at once, and then as values come, a few times a second at most. */
function listenTo(series: readonly Series[], tell: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined
  let last = 0
  const now = () => {
    timer = undefined
    last = performance.now()
    tell()
  }
  const changed = () => {
    if (timer !== undefined) return
    const wait = last + TEXT_MS - performance.now()
    if (wait <= 0) now()
    else timer = setTimeout(now, wait)
  }
  const leave = series.map(({ track }) => track?.listen(changed))
  now()
  return () => {
    clearTimeout(timer)
    for (const end of leave) end?.()
  }
}

/** Has a component drawn anew when values came, a few times a second at most, the first at once. */
export function useTracks(series: readonly Series[]): void {
  const [, setVersion] = useState(0)
  useEffect(() => listenTo(series, () => setVersion(version => version + 1)), [series])
}

interface Seen {
  widget: DrawnWidget
  series: readonly Series[]
  isLive: boolean
}

/** How old the newest value is, in the title bar. */
export function LastSeen({ widget, series, isLive }: Seen) {
  useNow(1_000)
  const now = serverNow()
  const newest = newestOf(series.flatMap(({ track }) => track ?? []))
  if (newest === undefined || widget.data_source_type === 'static') return null
  const isStale = isLive && now - newest > staleMs(widget)
  return (
    <time
      className={classes['age']}
      data-stale={isStale}
      dateTime={new Date(newest).toISOString()}
      title={at(newest)}
    >
      {isStale && 'Stale: '}
      {ago(newest, now)}
    </time>
  )
}
