/**
 * For who measures how smooth the page is, and how old what it shows: a function that they left at `edgesyncDrawn` before the page was
 * loaded is told of each drawing of a chart.
 */
import type { Series } from './series'

/** Of a chart: which, when the newest value of each series was, and how many values had come of each. */
export type Drawn = (chart: string, newest: readonly number[], received: readonly number[]) => void

const drawn = (globalThis as { edgesyncDrawn?: Drawn }).edgesyncDrawn

export function tellDrawn(series: readonly Series[]): void {
  drawn?.(
    series[0]?.widget.widget_id ?? '',
    series.map(({ track }) => track?.ring.latest?.ts ?? Number.NaN),
    series.map(({ track }) => track?.received ?? 0),
  )
}
