/**
 * For who measures how smooth the page is, how old what it shows, and whether all is there: a function that they left at
 * `edgesyncDrawn` before the page was loaded is told of each drawing of a chart.
 */
import type { Series } from './series'

export interface Drawn {
  /** `widget_id` of the chart. */
  chart: string
  /** Time of the newest value of each series. */
  newest: number[]
  /** How many values had come of each, those that were folded on the way among them. */
  received: number[]
  /** Times and values of each, as they are drawn. */
  values: () => [ts: number, value: number][][]
}

const tell = (globalThis as { edgesyncDrawn?: (drawn: Drawn) => void }).edgesyncDrawn

export function tellDrawn(series: readonly Series[]): void {
  if (!tell) return
  const rings = series.map(({ track }) => track?.ring)
  tell({
    chart: series[0]?.widget.widget_id ?? '',
    newest: rings.map(ring => ring?.latest?.ts ?? Number.NaN),
    received: series.map(({ track }) => track?.received ?? 0),
    values: () =>
      rings.map(ring =>
        Array.from({ length: ring?.length ?? 0 }, (_, i) => [ring?.tsAt(i) ?? 0, ring?.valueAt(i) ?? 0]),
      ),
  })
}
