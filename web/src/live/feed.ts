/** One source that is watched: its ring, where it is, and who wants to know. */
import type { Err, How, Position, Snap, Source, Upd } from './frames'
import { Ring } from './ring'

/** Values kept of a source whose newest are watched. */
const CAPACITY = 2_048
/** Points that a span is asked for in, and that live values are folded into: more than a chart has pixels. */
export const SPAN_POINTS = 2_000
/** A span's history and what came since, until all of the history has left it. */
const SPAN_CAPACITY = 4_096

export class Feed {
  readonly source: Source
  readonly how: How
  readonly ring: Ring
  /** Number of the subscription on the present connection; each subscription has its own, so nothing of an older one is taken for it. */
  id = 0
  /** Where it is; nothing before the first snapshot. */
  position: Position | undefined
  unit: string | undefined
  /** Values a second that come at most, if the server said so. */
  hz: number | undefined
  /** Milliseconds of a bucket, if what came at first was cut into buckets. */
  bucketMs: number | undefined
  /** Why nothing comes. */
  trouble: { code: Err['code']; message: string } | undefined
  /** Whether the next snapshot is the history that was asked for. */
  asksHistory = false
  /** Grows with each change. */
  version = 0
  /** Values that came since it is watched, those that were folded among them. */
  received = 0
  readonly #listeners = new Set<() => void>()

  constructor(source: Source, how: How = {}) {
    this.source = source
    this.how = how
    const { spanMs } = how
    this.ring = spanMs ? new Ring(SPAN_CAPACITY, spanMs / SPAN_POINTS) : new Ring(CAPACITY)
  }

  /** Whether what there is of it has come. */
  get isReady(): boolean {
    return this.position !== undefined
  }

  get listeners(): number {
    return this.#listeners.size
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Takes a snapshot. False: it is not what it has to be, and the history must be asked for. */
  snap(frame: Snap): boolean {
    if (this.how.spanMs && !frame.recovered && !this.asksHistory) return false
    this.asksHistory = false
    if (frame.recovered) {
      this.received += frame.ts.length
    } else {
      this.ring.clear()
      this.bucketMs = frame.bucket_ms
    }
    this.#add(frame)
    this.position = { epoch: frame.epoch, offset: frame.offset }
    this.unit = frame.unit ?? this.unit
    this.trouble = undefined
    this.#changed()
    return true
  }

  upd(frame: Upd): void {
    // Before a snapshot there is nothing that it goes on from.
    if (!this.position) return
    this.#add(frame)
    this.position = { epoch: this.position.epoch, offset: frame.offset }
    this.unit = frame.unit ?? this.unit
    this.hz = frame.hz ?? this.hz
    this.received += frame.ts.length + (frame.skipped ?? 0)
    this.#changed()
  }

  err(frame: Err): void {
    this.trouble = { code: frame.code, message: frame.message }
    this.#changed()
  }

  #add({ ts, v, min, max }: Pick<Upd, 'ts' | 'v' | 'min' | 'max'>): void {
    for (let i = 0; i < ts.length; i++) {
      if (this.how.isBuckets) this.ring.put(ts[i] as number, v[i], min?.[i], max?.[i])
      else this.ring.push(ts[i] as number, v[i], min?.[i], max?.[i])
    }
  }

  #changed(): void {
    this.version += 1
    for (const listener of this.#listeners) listener()
  }
}
