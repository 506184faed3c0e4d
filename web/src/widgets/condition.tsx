import { useEffect, useRef, useState } from 'react'
import type { Feed } from '../live/feed'
import { useNow } from '../live/hooks'
import { serverNow } from '../live/now'
import { ago, at } from '../parts/time'
import { Config } from './config'
import type { DrawnWidget } from './model'
import type { Series, Track } from './series'
import classes from './Widget.module.css'

/** What can be shown of a widget. */
export type Condition =
  | { kind: 'loading' }
  /** There is no source. */
  | { kind: 'unfed' }
  | { kind: 'empty' }
  | { kind: 'trouble'; code: NonNullable<Feed['trouble']>['code']; message: string }
  | { kind: 'stale' }
  | { kind: 'shown' }

const STALE_MS = 60_000
/** Faster than this nobody reads, and React has no need to know. */
export const TEXT_MS = 250

/** Milliseconds after which a value is one of the past; never for one that stands in the widget. */
export function staleMs(widget: DrawnWidget): number {
  if (widget.data_source_type === 'static') return Number.POSITIVE_INFINITY
  const own = new Config(widget).number('stale_s')
  return own !== undefined ? own * 1_000 : Math.max(STALE_MS, 3 * widget.refresh_interval)
}

/** Kinds that have something to show without any value. */
function needsNoValue(widget: DrawnWidget): boolean {
  const { widget_type } = widget
  if (widget_type === 'text') return new Config(widget).text('text') !== undefined
  return widget_type === 'switch' || widget_type === 'button' || widget_type === 'slider'
}

export function conditionOf(
  widget: DrawnWidget,
  tracks: readonly (Track | undefined)[],
  isLive: boolean,
  now: number,
): Condition {
  if (needsNoValue(widget)) return { kind: 'shown' }
  const fed = tracks.filter(track => track !== undefined)
  if (fed.length === 0) {
    return widget.data_source_type === 'static' ? { kind: 'shown' } : { kind: 'unfed' }
  }
  const newest = newestOf(fed)
  if (newest === undefined) {
    const trouble = fed.find(track => track.trouble)?.trouble
    if (trouble) return { kind: 'trouble', ...trouble }
    return { kind: fed.every(track => track.isReady) ? 'empty' : 'loading' }
  }
  // Of several series one that cannot be shown is told beside the others; when all are silent, all are old.
  if (fed.every(track => track.trouble)) {
    const trouble = fed[0]?.trouble
    if (trouble) return { kind: 'trouble', ...trouble }
  }
  return { kind: isLive && now - newest > staleMs(widget) ? 'stale' : 'shown' }
}

function newestOf(tracks: readonly Track[]): number | undefined {
  const times = tracks.flatMap(({ ring }) => (ring.latest ? [ring.latest.ts] : []))
  return times.length > 0 ? Math.max(...times) : undefined
}

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

/** How old the newest value is, in the title bar. */
export function LastSeen({ widget, series }: { widget: DrawnWidget; series: readonly Series[] }) {
  useNow(1_000)
  const now = serverNow()
  const newest = newestOf(series.flatMap(({ track }) => track ?? []))
  if (newest === undefined || widget.data_source_type === 'static') return null
  const isStale = now - newest > staleMs(widget)
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
