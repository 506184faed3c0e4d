/** What is compared side by side: the newest value of each series, or the numbers of an object. */
import { numberOf } from '../live/ring'
import { COLOURS } from './config'
import type { Series } from './series'

export interface Amount {
  label: string
  /** NaN where there is no number. */
  value: number
  colour: number
  unit: string | undefined
}

/** As many of an object as can be told apart. */
const MOST = 24

export function amountsOf(series: readonly Series[]): Amount[] {
  const first = series[0]
  const value = first && latestOf(first)
  if (series.length === 1 && first && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.entries(value)
      .filter(([, part]) => !Number.isNaN(numberOf(part)))
      .slice(0, MOST)
      .map(([label, part], place) => ({
        label,
        value: numberOf(part),
        colour: (place % COLOURS) + 1,
        unit: unitOf(first),
      }))
  }
  return series.map(one => ({
    label: one.label,
    value: numberOf(latestOf(one)),
    colour: one.colour,
    unit: unitOf(one),
  }))
}

/** The newest value of a series, or the one that stands in a widget that is not made yet. */
export function latestOf({ track, widget }: Series): unknown {
  return track ? track.ring.latest?.value : widget.static_value
}

/** The unit to be shown: what was chosen, else what came. */
export function unitOf({ track, unit }: Series): string | undefined {
  return unit ?? track?.unit
}

export interface Share extends Amount {
  /** From 0 to 1. */
  share: number
  from: number
}

/** What part of the whole each is. What is no number, or less than nothing, is no part. */
export function sharesOf(amounts: readonly Amount[]): Share[] {
  const parts = amounts.filter(({ value }) => value > 0)
  const whole = parts.reduce((sum, { value }) => sum + value, 0)
  let from = 0
  return parts.map(amount => {
    const share = amount.value / whole
    const begin = from
    from += share
    return { ...amount, share, from: begin }
  })
}
