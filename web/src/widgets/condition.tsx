import { useEffect, useState } from 'react'
import type { Feed } from '../live/feed'
import { useNow } from '../live/hooks'
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

/** Told a few times a second at most, and whenever time alone changes it. */
export function useCondition(widget: DrawnWidget, series: readonly Series[], isLive: boolean): Condition {
  useTracks(series)
  const now = useNow(1_000)
  return conditionOf(
    widget,
    series.map(({ track }) => track),
    isLive,
    now,
  )
}

/** Has a component drawn anew when values came, a few times a second at most, the first at once. */
export function useTracks(series: readonly Series[]): number {
  const [version, setVersion] = useState(0)
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined
    let last = 0
    const tell = () => {
      timer = undefined
      last = performance.now()
      setVersion(version => version + 1)
    }
    const changed = () => {
      if (timer !== undefined) return
      const wait = last + TEXT_MS - performance.now()
      if (wait <= 0) tell()
      else timer = setTimeout(tell, wait)
    }
    const leave = series.map(({ track }) => track?.listen(changed))
    tell()
    return () => {
      clearTimeout(timer)
      for (const end of leave) end?.()
    }
  }, [series])
  return version
}

/** How old the newest value is, in the title bar. */
export function LastSeen({ widget, series }: { widget: DrawnWidget; series: readonly Series[] }) {
  const now = useNow(1_000)
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
