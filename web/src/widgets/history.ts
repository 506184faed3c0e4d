/**
 * The values of a stretch of time that is over, read once. Of a device's sensor they are read by `/readings/series`, in buckets that show
 * every spike; of what else feeds a widget, by a subscription that begins with the history and is left at once.
 */
import { api, take } from '../api/client'
import { problemOf } from '../api/problem'
import { link as own } from '../live/hooks'
import type { Link } from '../live/link'
import { serverNow } from '../live/now'
import { Ring } from '../live/ring'
import { type DrawnWidget, sourceOf } from './model'
import type { Track } from './series'

/** More than a chart has pixels. */
const POINTS = 2_000
/** Before it is asked again what could not be read. */
const AGAIN_MS = 5_000

export class History implements Track {
  ring: Ring
  unit: string | undefined
  trouble: Track['trouble']
  version = 0
  bucketMs: number | undefined
  readonly received = 0
  isReady = false
  readonly #link: Link
  readonly #widget: DrawnWidget
  readonly #from: number
  readonly #to: number
  readonly #listeners = new Set<() => void>()
  #again: ReturnType<typeof setTimeout> | undefined

  constructor(link: Link, widget: DrawnWidget, from: number, to: number) {
    this.ring = new Ring(POINTS)
    this.#link = link
    this.#widget = widget
    this.#from = from
    this.#to = to
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Begins to read, and again a little later if it could not be read; the answer ends that. */
  load(): () => void {
    let end = this.#begin()
    const again = () => {
      if (!this.trouble || this.#again !== undefined) return
      this.#again = setTimeout(() => {
        this.#again = undefined
        end()
        end = this.#begin()
      }, AGAIN_MS)
    }
    const leave = this.listen(again)
    return () => {
      leave()
      clearTimeout(this.#again)
      this.#again = undefined
      end()
    }
  }

  #begin(): () => void {
    if (this.isReady) return () => {}
    const { device_id, sensor_type } = this.#widget
    // Who comes by a share link may ask for widgets only.
    return device_id && sensor_type && this.#link === own
      ? this.#read(device_id, sensor_type)
      : this.#subscribe()
  }

  #read(device: string, sensor: string): () => void {
    const stop = new AbortController()
    const { aggregation, refresh_interval } = this.#widget
    const isAsIs = aggregation === 'last' || aggregation === 'avg'
    const query = {
      series: `${device}/${sensor}`,
      from: String(this.#from),
      to: String(this.#to),
      // Empty buckets are no gaps: what comes each second has many between two values.
      fill: 'none' as const,
      agg: isAsIs ? 'avg,min,max,last' : aggregation,
      // Buckets that say how much in all must be those of the widget; of others, as many as can be told apart.
      ...this.#cut(aggregation, refresh_interval),
    }
    take(api.GET('/api/v1/readings/series', { params: { query }, signal: stop.signal }))
      .then(({ series, width_ms }) => {
        const columns = series[0]
        const value = aggregation === 'last' ? columns?.avg : columns?.[aggregation]
        for (const [i, ts] of (columns?.ts ?? []).entries()) {
          const at = Math.max(ts, this.#from)
          const [min, max] = isAsIs ? [columns?.min?.[i], columns?.max?.[i]] : [undefined, undefined]
          // Text has no mean: of it the newest of a bucket is told.
          this.ring.push(at, value?.[i] ?? columns?.last?.[i] ?? null, min, max)
        }
        this.unit = columns?.units.at(-1)
        this.bucketMs = width_ms ?? undefined
        this.#ready()
      })
      .catch(error => {
        if (!stop.signal.aborted) this.#fail(problemOf(error).message)
      })
    return () => stop.abort()
  }

  #cut(aggregation: string, interval: number): { points: number } | { bucket: string } {
    const spans = (this.#to - this.#from) / interval
    const isEven = interval % 1_000 === 0
    const isCounted = aggregation === 'sum' || aggregation === 'count'
    return isCounted && isEven && spans <= 10_000 ? { bucket: `${interval / 1_000}s` } : { points: POINTS }
  }

  #subscribe(): () => void {
    const source = sourceOf(this.#widget)
    if (!source) {
      this.#ready()
      return () => {}
    }
    const how = { spanMs: Math.max(1, serverNow() - this.#from) }
    let leave: (() => void) | undefined
    const heard = () => {
      const feed = this.#link.feed(source, how)
      if (feed.trouble) {
        this.#fail(feed.trouble.message)
      } else if (feed.isReady && !this.isReady) {
        const end = feed.ring.first(this.#to)
        for (let i = feed.ring.first(this.#from); i < end; i++) {
          this.ring.push(feed.ring.tsAt(i), feed.ring.rawAt(i), feed.ring.minAt(i), feed.ring.maxAt(i))
        }
        this.unit = feed.unit
        this.bucketMs = feed.bucketMs
        this.#ready()
      }
      if (this.isReady) leave?.()
    }
    leave = this.#link.watch(source, heard, how)
    return leave
  }

  #ready(): void {
    this.isReady = true
    this.trouble = undefined
    this.#changed()
  }

  #fail(message: string): void {
    this.trouble = { code: 'unavailable', message }
    this.#changed()
  }

  #changed(): void {
    this.version += 1
    for (const listener of this.#listeners) listener()
  }
}
