/** Chance for tests: the same for the same seed. */
import { seeded } from '../live/fake'

export class Chance {
  readonly next: () => number

  constructor(seed: number) {
    this.next = seeded(seed)
  }

  upTo(n: number): number {
    return Math.floor(this.next() * n)
  }

  of<T>(all: readonly T[]): T {
    return all[this.upTo(all.length)] as T
  }

  uuid(): string {
    const hex = Array.from({ length: 32 }, () => this.upTo(16).toString(16)).join('')
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  }
}

/** The seeds of a test; one of them again by SEED. */
export function seeds(count: number): number[] {
  const set = process.env['SEED']
  return set ? [Number(set)] : Array.from({ length: count }, (_, n) => n)
}
