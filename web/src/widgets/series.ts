/** What a widget draws: its own values and those of its parts, as they come, or as they were in a stretch of time. */
import { useEffect, useMemo } from 'react'
import type { Feed } from '../live/feed'
import type { How } from '../live/frames'
import { useTheLink } from '../live/hooks'
import type { Link } from '../live/link'
import { serverNow } from '../live/now'
import { Config, colourOf } from './config'
import { History } from './history'
import { kindOf } from './kinds'
import { type DrawnWidget, sourceOf } from './model'
import { edges, type Range } from './range'

/** A feed, or something that is read once and looks like one. */
export type Track = Pick<
  Feed,
  'ring' | 'received' | 'unit' | 'trouble' | 'version' | 'bucketMs' | 'isReady' | 'listen'
>

export interface Series {
  widget: DrawnWidget
  /** What it is called beside others. */
  label: string
  /** Number of its CSS variable. */
  colour: number
  /** Unit that is shown, whatever comes with the values. */
  unit: string | undefined
  /** Nothing where there is no source. */
  track: Track | undefined
}

const HOUR_MS = 3_600_000
/** Values a second that a widget without a rate of its own is told, as the server does it. */
const MOST_HZ = 10
const LEAST_HZ = 0.001

export function useSeries(members: readonly DrawnWidget[], range: Range): Series[] {
  const link = useTheLink()
  const what = rangeOf(members[0], range)
  const key = JSON.stringify([members.map(drawn), what])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the key says all that matters of them
  const made = useMemo(() => members.map((widget, place) => make(link, widget, place, what)), [link, key])
  useEffect(() => {
    const ends = made.map(({ start }) => start())
    return () => {
      for (const end of ends) end()
    }
  }, [made])
  const pausedAt = range.kind === 'live' ? range.pausedAt : undefined
  // Who pauses sees what there was then; what comes is kept behind it.
  return useMemo(() => (pausedAt === undefined ? made : made.map(held)), [made, pausedAt])
}

/** A series as it is now. */
function held(series: Series): Series {
  const { track } = series
  if (!track) return series
  const { unit, trouble, version, received, bucketMs, isReady } = track
  const still = { unit, trouble, version, received, bucketMs, isReady, ring: track.ring.copy() }
  return { ...series, track: { ...still, listen: () => () => {} } }
}

/** Of a widget, what decides what comes and how it is called. */
function drawn(widget: DrawnWidget) {
  const { id, title, widget_config, aggregation, refresh_interval, static_value } = widget
  return [id, title, widget_config, aggregation, refresh_interval, static_value, sourceOf(widget)]
}

type What = { from: number; to: number } | { spanMs: number | undefined }

/** The stretch of time that a widget shows: the dashboard's, or while that is live its own. */
function rangeOf(widget: DrawnWidget | undefined, range: Range): What {
  if (!widget) return { spanMs: undefined }
  const { isOverTime } = kindOf(widget.widget_type)
  if (range.kind === 'absolute') return { from: range.from, to: range.to }
  return { spanMs: isOverTime ? spanOf(widget, range) : undefined }
}

/** Milliseconds that a widget shows of what is live. */
export function spanOf(widget: DrawnWidget, range: Range & { kind: 'live' }): number {
  const own = new Config(widget).number('span_s')
  return own === undefined ? range.spanMs : Math.min(24 * HOUR_MS, Math.max(1_000, own * 1_000))
}

function make(
  link: Link,
  widget: DrawnWidget,
  place: number,
  what: What,
): Series & { start: () => () => void } {
  const config = new Config(widget)
  const own = {
    widget,
    label: config.text('label') ?? (widget.title || widget.widget_id),
    colour: colourOf(widget, place),
    unit: config.unit,
  }
  if ('from' in what) {
    const history = new History(link, widget, what.from, what.to)
    return { ...own, track: history, start: () => history.load() }
  }
  const source = sourceOf(widget)
  if (!source) return { ...own, track: undefined, start: () => () => {} }
  const how = howOf(widget, config, what.spanMs)
  return {
    ...own,
    track: link.feed(source, how),
    start: () => link.watch(source, () => {}, how),
  }
}

function howOf(widget: DrawnWidget, config: Config, spanMs: number | undefined): How {
  const isBuckets = widget.aggregation !== 'last'
  const rate = Math.min(MOST_HZ, Math.max(LEAST_HZ, 1_000 / widget.refresh_interval))
  const hz = config.number('hz') ?? (isBuckets ? undefined : rate)
  return { spanMs, hz: hz && Math.min(50, Math.max(LEAST_HZ, hz)), isBuckets: isBuckets || undefined }
}

/** What a widget shows at the moment; the newest value is in it if a clock is a little ahead. */
export function shownEdges(series: readonly Series[], range: Range): { from: number; to: number } {
  const widget = series[0]?.widget
  if (range.kind === 'absolute' || !widget) return edges(range, serverNow())
  const spanMs = spanOf(widget, range)
  return edges({ ...range, spanMs }, serverNow())
}
