import type { Feed } from './feed'

/** How many values a second come, of the source of which most come. */
export class Pace {
  /** A feed that is not watched any more takes its count along. */
  #before = new WeakMap<Feed, number>()
  #at: number | undefined

  /** Values a second since the last time; nothing at the first. */
  measure(feeds: Iterable<Feed>, now: number): number | undefined {
    const seconds = this.#at === undefined ? undefined : (now - this.#at) / 1_000
    let most = 0
    for (const feed of feeds) {
      const before = this.#before.get(feed)
      if (before !== undefined && seconds) most = Math.max(most, (feed.received - before) / seconds)
      this.#before.set(feed, feed.received)
    }
    this.#at = now
    return seconds ? most : undefined
  }
}
