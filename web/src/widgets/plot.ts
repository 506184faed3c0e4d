/**
 * A chart over time. uPlot has the scales, the axes, the cursor that charts of a dashboard share, and the dragging; the lines are drawn
 * here from the rings, as several series have values at different times and change many times a second.
 */
import uPlot from 'uplot'
import type { Threshold } from './config'
import { saidOnScale } from './format'
import { drawLine, type Line } from './lines'
import { extent, padded, union } from './scale'
import { FONT, paint } from './surface'
import { timeLabel } from './times'

export interface Look {
  lines: readonly Line[]
  from: number
  to: number
  least: number | undefined
  most: number | undefined
  decimals: number | undefined
  thresholds: readonly Threshold[]
}

export interface Hands {
  /** The time that the cursor is at; nothing when it left. */
  point(ts: number | undefined): void
  zoom?: ((from: number, to: number) => void) | undefined
  zoomOut?: (() => void) | undefined
}

/** Pixels to be dragged over: less is a click. */
const DRAG = 8

function isDragging(chart: uPlot): boolean {
  return (chart.cursor.drag as { _x?: boolean } | undefined)?._x === true
}

export class Plot {
  readonly #place: HTMLElement
  readonly #chart: uPlot
  #look: Look
  #hands: Hands

  constructor(place: HTMLElement, group: string, look: Look, hands: Hands) {
    this.#place = place
    this.#look = look
    this.#hands = hands
    this.#chart = new uPlot(this.#options(group), this.#ends(), place)
  }

  set hands(hands: Hands) {
    this.#hands = hands
  }

  /** Draws what there is now. */
  draw(look: Look): void {
    this.#look = look
    const { clientWidth: width, clientHeight: height } = this.#place
    if (width === 0 || height === 0) return
    this.#chart.batch(() => {
      if (width !== this.#chart.width || height !== this.#chart.height) this.#chart.setSize({ width, height })
      this.#chart.setData(this.#ends(), true)
    })
  }

  end(): void {
    this.#chart.destroy()
  }

  /** All that uPlot knows of the data: where it begins and ends. */
  #ends(): uPlot.AlignedData {
    return [
      [this.#look.from, this.#look.to],
      [null, null],
    ]
  }

  #options(group: string): uPlot.Options {
    const axis = {
      stroke: () => paint('--mantine-color-dimmed'),
      font: FONT,
      grid: { stroke: () => paint('--border'), width: 1 },
      ticks: { stroke: () => paint('--border'), width: 1, size: 4 },
    }
    return {
      width: Math.max(1, this.#place.clientWidth),
      height: Math.max(1, this.#place.clientHeight),
      ms: 1,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [this.#look.from, this.#look.to] },
        y: { range: () => this.#bounds() },
      },
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      axes: [
        {
          ...axis,
          space: 64,
          gap: 4,
          size: 24,
          values: (_, splits, _axis, _space, step) => splits.map(ts => timeLabel(ts, step)),
        },
        {
          ...axis,
          gap: 4,
          size: (_, values) => 14 + 6.5 * Math.max(3, ...(values ?? []).map(value => value.length)),
          values: (_, splits) =>
            splits.map(value => saidOnScale(value, (splits[1] ?? 0) - (splits[0] ?? 0), this.#look.decimals)),
          space: 28,
        },
      ],
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        sync: {
          key: group,
          scales: ['x', null],
          // Where the cursor is, is of all charts; what is dragged over is of one.
          filters: {
            pub: (type, chart) => type === 'mouseleave' || (type === 'mousemove' && !isDragging(chart)),
            sub: () => true,
          },
        },
        bind: {
          dblclick: () => () => {
            this.#hands.zoomOut?.()
            return null
          },
        },
      },
      hooks: {
        draw: [() => this.#lines()],
        setCursor: [
          chart => {
            const { left } = chart.cursor
            this.#hands.point(left === undefined || left < 0 ? undefined : chart.posToVal(left, 'x'))
          },
        ],
        setSelect: [chart => this.#selected(chart)],
      },
    }
  }

  #selected(chart: uPlot): void {
    const { left, width } = chart.select
    const [from, to] = [chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x')]
    chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
    if (width >= DRAG) this.#hands.zoom?.(from, to)
  }

  #bounds(): [number, number] {
    const { lines, from, to, least, most } = this.#look
    const { low, high } = padded(union(lines.map(({ ring }) => extent(ring, from, to))), least, most)
    return [low, high]
  }

  #lines(): void {
    const { ctx: context, bbox } = this.#chart
    const { from, to, lines } = this.#look
    const { min = 0, max = 1 } = this.#chart.scales['y'] ?? {}
    const x = (ts: number) => bbox.left + ((ts - from) / (to - from)) * bbox.width
    const y = (value: number) => bbox.top + ((max - value) / (max - min)) * bbox.height
    context.save()
    context.beginPath()
    context.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    context.clip()
    this.#thresholds(y)
    const frame = { context, x, y, ratio: devicePixelRatio, from, to, floor: bbox.top + bbox.height }
    for (const line of lines) drawLine(frame, line)
    context.restore()
  }

  #thresholds(y: (value: number) => number): void {
    const { ctx: context, bbox } = this.#chart
    const ratio = devicePixelRatio
    context.lineWidth = ratio
    context.font = FONT.replace('11px', `${11 * ratio}px`)
    context.textAlign = 'left'
    for (const { from, state, word } of this.#look.thresholds) {
      const top = Math.round(y(from)) + 0.5
      if (top < bbox.top || top > bbox.top + bbox.height) continue
      context.strokeStyle = paint(`--${state}`)
      context.fillStyle = context.strokeStyle
      context.setLineDash([4 * ratio, 4 * ratio])
      context.beginPath()
      context.moveTo(bbox.left, top)
      context.lineTo(bbox.left + bbox.width, top)
      context.stroke()
      context.setLineDash([])
      // Above the line, unless it is at the upper edge.
      const isHigh = top - bbox.top < 14 * ratio
      context.textBaseline = isHigh ? 'top' : 'bottom'
      context.fillText(word, bbox.left + 4 * ratio, isHigh ? top + 3 * ratio : top - 2 * ratio)
    }
  }
}
