/** What can be shown of a widget, by what has come of its series. */
import type { Feed } from '../live/feed'
import { Config } from './config'
import type { DrawnWidget } from './model'
import type { Track } from './series'

export type Condition =
  | { kind: 'loading' }
  /** There is no source. */
  | { kind: 'unfed' }
  | { kind: 'empty' }
  | { kind: 'trouble'; code: NonNullable<Feed['trouble']>['code']; message: string }
  | { kind: 'stale' }
  | { kind: 'shown' }

const STALE_MS = 60_000
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

/** Time of the newest value of all. */
export function newestOf(tracks: readonly Track[]): number | undefined {
  const times = tracks.flatMap(({ ring }) => (ring.latest ? [ring.latest.ts] : []))
  return times.length > 0 ? Math.max(...times) : undefined
}
