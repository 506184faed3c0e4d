/**
 * The newest values of a series, outside of React: columns of a fixed size that are written over from the oldest on.
 * Values stand in the order in which they came; a value that is no number is NaN in the columns, and `latest` has it whole.
 */
export class Ring {
  readonly capacity: number
  readonly #ts: Float64Array
  readonly #value: Float64Array
  readonly #min: Float64Array
  readonly #max: Float64Array
  #next = 0
  #length = 0
  #inOrder = true

  /** The newest value as it was sent, and its event time in ms. */
  latest: { ts: number; value: unknown } | undefined

  constructor(capacity: number) {
    this.capacity = capacity
    this.#ts = new Float64Array(capacity)
    this.#value = new Float64Array(capacity)
    this.#min = new Float64Array(capacity)
    this.#max = new Float64Array(capacity)
  }

  get length(): number {
    return this.#length
  }

  clear(): void {
    this.#next = 0
    this.#length = 0
    this.#inOrder = true
    this.latest = undefined
  }

  /** Adds a value; `min` and `max` are those of the values that were folded into it. */
  push(ts: number, value: unknown, min?: number | null, max?: number | null): void {
    const number = numberOf(value)
    const newest = this.#length > 0 ? this.tsAt(this.#length - 1) : Number.NEGATIVE_INFINITY
    if (ts < newest) this.#inOrder = false
    this.#ts[this.#next] = ts
    this.#value[this.#next] = number
    this.#min[this.#next] = min ?? number
    this.#max[this.#next] = max ?? number
    this.#next = (this.#next + 1) % this.capacity
    this.#length = Math.min(this.#length + 1, this.capacity)
    // A device that sends late what it kept does not turn the clock back.
    if (!this.latest || ts >= this.latest.ts) this.latest = { ts, value }
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

  /** Indices in the order of event time; nothing where they are in it as they stand. */
  order(): Uint32Array | undefined {
    if (this.#inOrder) return undefined
    const order = new Uint32Array(this.#length).map((_, index) => index)
    return order.sort((a, b) => this.tsAt(a) - this.tsAt(b))
  }

  #at(index: number): number {
    return (this.#next - this.#length + index + this.capacity) % this.capacity
  }
}

/** A number to draw: `true` and `false` are drawn as 1 and 0. */
export function numberOf(value: unknown): number {
  if (typeof value === 'number') return value
  if (typeof value === 'boolean') return value ? 1 : 0
  return Number.NaN
}
