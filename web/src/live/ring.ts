/**
 * The newest values of a series, outside of React: columns of a fixed size that are written over from the oldest on. They stand in the
 * order of their event time, whenever they came. A value that is no number is NaN in the columns, and `rawAt` has it whole.
 *
 * A ring with a width folds: of values of the same stretch of so many milliseconds one entry is kept, their mean, with the lowest and
 * the highest of them. So a day of values at 20 a second fits, and no spike is lost.
 */
export class Ring {
  readonly capacity: number
  readonly #widthMs: number
  readonly #ts: Float64Array
  readonly #value: Float64Array
  readonly #min: Float64Array
  readonly #max: Float64Array
  /** How many numbers are folded into each. */
  readonly #count: Float64Array
  /** What is no number; made when the first of its kind comes. */
  #raw: unknown[] | undefined
  #start = 0
  #length = 0

  /** Grows with each change of what stands before the last entry: who has drawn that must draw it again. */
  revision = 0

  /** The newest value as it was sent, and its event time in ms. */
  latest: { ts: number; value: unknown } | undefined

  constructor(capacity: number, widthMs = 0) {
    this.capacity = capacity
    this.#widthMs = widthMs
    this.#ts = new Float64Array(capacity)
    this.#value = new Float64Array(capacity)
    this.#min = new Float64Array(capacity)
    this.#max = new Float64Array(capacity)
    this.#count = new Float64Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#start = 0
    this.#length = 0
    this.#raw = undefined
    this.latest = undefined
    this.revision += 1
  }

  /** The same values, which nothing is added to any more. */
  copy(): Ring {
    const copy = new Ring(this.capacity, this.#widthMs)
    copy.#ts.set(this.#ts)
    copy.#value.set(this.#value)
    copy.#min.set(this.#min)
    copy.#max.set(this.#max)
    copy.#count.set(this.#count)
    copy.#raw = this.#raw?.slice()
    copy.#start = this.#start
    copy.#length = this.#length
    copy.latest = this.latest
    return copy
  }

  /** Adds a value; `min` and `max` are those of the values that were folded into it. */
  push(ts: number, value: unknown, min?: number | null, max?: number | null): void {
    const at = this.#place(ts)
    const isWith = (index: number) =>
      index >= 0 && index < this.#length && this.#isTogether(this.tsAt(index), ts)
    if (this.#widthMs > 0 && isWith(at - 1)) this.#fold(at - 1, ts, value, min, max)
    else if (this.#widthMs > 0 && isWith(at)) this.#fold(at, ts, value, min, max)
    else this.#insert(at, ts, value, min, max)
  }

  /** Sets the value of a time that may have one already: of buckets, the newer takes the place of the older. */
  put(ts: number, value: unknown, min?: number | null, max?: number | null): void {
    const at = this.#place(ts)
    if (at > 0 && this.tsAt(at - 1) === ts) {
      if (at < this.#length) this.revision += 1
      this.#set(at - 1, ts, value, min, max)
      this.#tell(ts, value)
    } else {
      this.#insert(at, ts, value, min, max)
    }
  }

  /** Event time in ms of the value at `index`, 0 being the oldest. */
  tsAt(index: number): number {
    return this.#ts[this.#at(index)] ?? Number.NaN
  }

  valueAt(index: number): number {
    return this.#value[this.#at(index)] ?? Number.NaN
  }

  minAt(index: number): number {
    return this.#min[this.#at(index)] ?? Number.NaN
  }

  maxAt(index: number): number {
    return this.#max[this.#at(index)] ?? Number.NaN
  }

  /** How many numbers are folded into the entry at `index`. */
  countAt(index: number): number {
    return this.#count[this.#at(index)] ?? 0
  }

  /** The value as it was sent if it is no number, else the number. */
  rawAt(index: number): unknown {
    const at = this.#at(index)
    return this.#raw?.[at] ?? this.#value[at]
  }

  /** Index of the first value of `ts` or later; the length if there is none. */
  first(ts: number): number {
    let [low, high] = [0, this.#length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.tsAt(middle) < ts) low = middle + 1
      else high = middle
    }
    return low
  }

  /** Where a value of this time goes: behind those of the same time. */
  #place(ts: number): number {
    const length = this.#length
    if (length === 0 || ts >= this.tsAt(length - 1)) return length
    let [low, high] = [0, length]
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.tsAt(middle) <= ts) low = middle + 1
      else high = middle
    }
    return low
  }

  #isTogether(a: number, b: number): boolean {
    return Math.floor(a / this.#widthMs) === Math.floor(b / this.#widthMs)
  }

  #fold(index: number, ts: number, value: unknown, min?: number | null, max?: number | null): void {
    const number = numberOf(value)
    const at = this.#at(index)
    if (index < this.#length - 1) this.revision += 1
    const known = this.#count[at] ?? 0
    if (known === 0 || Number.isNaN(number)) {
      // nothing to make a mean of: the newer one stands for both, unless it is no number and the other is
      if (known === 0) this.#set(index, this.tsAt(index), value, min, max)
    } else {
      this.#value[at] = ((this.#value[at] as number) * known + number) / (known + 1)
      this.#min[at] = Math.min(this.#min[at] as number, min ?? number)
      this.#max[at] = Math.max(this.#max[at] as number, max ?? number)
      this.#count[at] = known + 1
    }
    this.#tell(ts, value)
  }

  #insert(index: number, ts: number, value: unknown, min?: number | null, max?: number | null): void {
    let place = index
    if (this.#length === this.capacity) {
      // older than all that fits
      if (place === 0) return
      this.#start = (this.#start + 1) % this.capacity
      this.#length -= 1
      place -= 1
    }
    if (place < this.#length) this.revision += 1
    for (let i = this.#length; i > place; i--) this.#copy(i - 1, i)
    this.#length += 1
    this.#set(place, ts, value, min, max)
    this.#tell(ts, value)
  }

  #copy(from: number, to: number): void {
    const [a, b] = [this.#at(from), this.#at(to)]
    for (const column of [this.#ts, this.#value, this.#min, this.#max, this.#count])
      column[b] = column[a] as number
    if (this.#raw) this.#raw[b] = this.#raw[a]
  }

  #set(index: number, ts: number, value: unknown, min?: number | null, max?: number | null): void {
    const number = numberOf(value)
    const at = this.#at(index)
    this.#ts[at] = ts
    this.#value[at] = number
    this.#min[at] = min ?? number
    this.#max[at] = max ?? number
    this.#count[at] = Number.isNaN(number) ? 0 : 1
    if (typeof value !== 'number') {
      this.#raw ??= []
      this.#raw[at] = value
    } else if (this.#raw) {
      this.#raw[at] = undefined
    }
  }

  #tell(ts: number, value: unknown): void {
    // A device that sends late what it kept does not turn the clock back.
    if (!this.latest || ts >= this.latest.ts) this.latest = { ts, value }
  }

  #at(index: number): number {
    const at = this.#start + index
    return at < this.capacity ? at : at - this.capacity
  }
}

/** A number to draw: `true` and `false` are drawn as 1 and 0. */
export function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  return Number.NaN
}
