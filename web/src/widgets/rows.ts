/** The newest values of several series in one list. */
import type { Series } from './series'

export interface Row {
  key: string
  ts: number
  value: unknown
  /** Place of its series. */
  place: number
}

/** At most so many of what lies between two times, the newest first. */
export function newestRows(
  series: readonly Pick<Series, 'track'>[],
  from: number,
  to: number,
  most: number,
): Row[] {
  const next = series.map(({ track }) => (track ? track.ring.first(to) - 1 : -1))
  const rows: Row[] = []
  // Values of one time are told apart by how many there were of it.
  let [lastTs, same] = [Number.NaN, 0]
  while (rows.length < most) {
    let place = -1
    let ts = Number.NEGATIVE_INFINITY
    for (const [i, index] of next.entries()) {
      const at =
        index < 0
          ? Number.NEGATIVE_INFINITY
          : (series[i]?.track?.ring.tsAt(index) ?? Number.NEGATIVE_INFINITY)
      if (at > ts) [place, ts] = [i, at]
    }
    if (place < 0 || ts < from) break
    same = ts === lastTs ? same + 1 : 0
    lastTs = ts
    rows.push({
      key: `${ts} ${same}`,
      ts,
      value: series[place]?.track?.ring.rawAt(next[place] as number),
      place,
    })
    next[place] = (next[place] as number) - 1
  }
  return rows
}
