/** The geometry of a gauge and of a pie: places on a circle as paths of SVG. */
import type { State, Threshold } from './config'

/** How much of the circle a gauge has, in degrees; open below. */
export const SWEEP = 240

function point(angle: number, radius: number): string {
  const radians = (angle * Math.PI) / 180
  return `${(radius * Math.cos(radians)).toFixed(3)} ${(radius * Math.sin(radians)).toFixed(3)}`
}

/** A stroke along the gauge between two places from 0 to 1. */
export function arc(from: number, to: number, radius: number): string {
  const [begin, end] = [from, to].map(place => 90 + (360 - SWEEP) / 2 + place * SWEEP) as [number, number]
  const isLarge = end - begin > 180 ? 1 : 0
  return `M${point(begin, radius)}A${radius} ${radius} 0 ${isLarge} 1 ${point(end, radius)}`
}

/** A piece of a ring between two places from 0 to 1, from the top on with the clock. */
export function slice(from: number, to: number, inner: number, outer: number): string {
  // A whole ring cannot be one arc: it would end where it begins.
  const last = Math.min(to, from + 0.9999)
  const [begin, end] = [from * 360 - 90, last * 360 - 90]
  const isLarge = end - begin > 180 ? 1 : 0
  return [
    `M${point(begin, outer)}`,
    `A${outer} ${outer} 0 ${isLarge} 1 ${point(end, outer)}`,
    `L${point(end, inner)}`,
    `A${inner} ${inner} 0 ${isLarge} 0 ${point(begin, inner)}Z`,
  ].join('')
}

/** The stretches of a scale that thresholds make, from 0 to 1; what is outside of the scale is left out. */
export function bands(
  thresholds: readonly Threshold[],
  low: number,
  high: number,
): { from: number; to: number; state: State }[] {
  const at = (value: number) => Math.min(1, Math.max(0, (value - low) / (high - low)))
  return thresholds.flatMap(({ from, state }, i) => {
    const [begin, end] = [at(from), at(thresholds[i + 1]?.from ?? high)]
    return end > begin ? [{ from: begin, to: end, state }] : []
  })
}
