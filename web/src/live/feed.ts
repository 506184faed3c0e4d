/** One source that is watched: its ring, where it is, and who wants to know. */
import type { Err, Position, Snap, Source, Upd } from './frames'
import { Ring } from './ring'

export class Feed {
  readonly source: Source
  readonly ring: Ring
  /** Number of the subscription on the present socket; each subscription has its own, so nothing of an older one is taken for it. */
  id = 0
  /** Where it is; nothing before the first snapshot. */
  position: Position | undefined
  unit: string | undefined
  /** Values a second that come at most, if the server said so. */
  hz: number | undefined
  /** Why nothing comes. */
  trouble: { code: Err['code']; message: string } | undefined
  /** Grows with each change. */
  version = 0
  /** Values that came since it is watched, those that were folded among them. */
  received = 0
  readonly #listeners = new Set<() => void>()

  constructor(source: Source, capacity: number) {
    this.source = source
    this.ring = new Ring(capacity)
  }

  get listeners(): number {
    return this.#listeners.size
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  snap(frame: Snap): void {
    if (frame.recovered) this.received += frame.ts.length
    else this.ring.clear()
    for (let i = 0; i < frame.ts.length; i++) this.ring.push(frame.ts[i] as number, frame.v[i])
    this.position = { epoch: frame.epoch, offset: frame.offset }
    this.unit = frame.unit ?? this.unit
    this.trouble = undefined
    this.#changed()
  }

  upd(frame: Upd): void {
    // Before a snapshot there is nothing that it goes on from.
    if (!this.position) return
    for (let i = 0; i < frame.ts.length; i++) {
      this.ring.push(frame.ts[i] as number, frame.v[i], frame.min?.[i], frame.max?.[i])
    }
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

  #changed(): void {
    this.version += 1
    for (const listener of this.#listeners) listener()
  }
}
