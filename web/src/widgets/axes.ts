/** The axes of charts over time, in the colours and the words of the page. */
import type uPlot from 'uplot'
import { saidOnScale } from './format'
import { FONT, paint } from './surface'
import { timeLabel } from './times'

export function axesOf(decimals: () => number | undefined): uPlot.Axis[] {
  const axis = {
    stroke: () => paint('--mantine-color-dimmed'),
    font: FONT,
    gap: 4,
    grid: { stroke: () => paint('--border'), width: 1 },
    ticks: { stroke: () => paint('--border'), width: 1, size: 4 },
  }
  return [
    {
      ...axis,
      space: 64,
      size: 24,
      values: (_, splits, _axis, _space, step) => splits.map(ts => timeLabel(ts, step)),
    },
    {
      ...axis,
      space: 28,
      // As wide as its longest label: figures of this size are 6.5 pixels wide.
      size: (_, values) => 14 + 6.5 * Math.max(3, ...(values ?? []).map(value => value.length)),
      values: (_, splits) => {
        const step = (splits[1] ?? 0) - (splits[0] ?? 0)
        return splits.map(value => saidOnScale(value, step, decimals()))
      },
    },
  ]
}
