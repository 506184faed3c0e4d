/**
 * A chart over time. uPlot has the scales, the axes, the cursor that charts of a dashboard share, and the dragging; the lines are drawn
 * here from the rings, as several series have values at different times and change many times a second.
 *
 * What is live moves on by whole pixels: a chart of five minutes by one in a second. In between only what is new is drawn, on top of
 * what is there.
 */
import uPlot from 'uplot'
import { axesOf } from './axes'
import type { Threshold } from './config'
import { drawLine, type Frame, type Line } from './lines'
import { type Bounds, extent, padded, settled, snapped, union } from './scale'
import { FONT, paint } from './surface'

export interface Look {
  lines: readonly Line[]
  from: number
  to: number
  /** Whether time goes on. */
  isMoving: boolean
  least: number | undefined
  most: number | undefined
  decimals: number | undefined
  thresholds: readonly Threshold[]
}

export interface Hands {
  /** The time that the cursor is at; nothing when it left. */
  point(ts: number | undefined): void
  zoom(from: number, to: number): void
  zoomOut(): void
}

/** Pixels to be dragged over: less is a click. */
const DRAG = 8

/** What has been drawn, to tell whether it can stay. */
interface Drawn {
  from: number
  to: number
  bounds: Bounds
  lines: { revision: number; lastTs: number }[]
}

export class Plot {
  readonly #place: HTMLElement
  readonly #chart: uPlot
  #look: Look
  #bounds: Bounds | undefined
  #drawn: Drawn | undefined

  constructor(place: HTMLElement, group: string, look: Look, hands: Hands) {
    this.#place = place
    this.#look = look
    this.#chart = new uPlot(this.#options(group, hands), this.#ends(), place)
  }

  /** Draws what there is now: all of it if `isAnew`, else what is new if the rest can stay. */
  draw(look: Look, isAnew: boolean): void {
    const { clientWidth: width, clientHeight: height } = this.#place
    if (width === 0 || height === 0) return
    const isSized = width !== this.#chart.width || height !== this.#chart.height
    const pixels = this.#chart.bbox.width
    this.#look = look.isMoving ? { ...look, ...snapped(look.from, look.to, pixels) } : look
    if (!isAnew && !isSized && this.#canStay()) {
      this.#append()
      return
    }
    this.#bounds = this.#wanted()
    this.#chart.batch(() => {
      if (isSized) this.#chart.setSize({ width, height })
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

  #wanted(): Bounds {
    const { lines, from, to, least, most } = this.#look
    const all = union(lines.map(({ ring }) => extent(ring, from, to)))
    return settled(this.#bounds, padded(all, least, most))
  }

  /** Whether nothing has moved and all that is new fits into the scale. */
  #canStay(): boolean {
    const drawn = this.#drawn
    const { lines, from, to, least, most } = this.#look
    if (!drawn || drawn.from !== from || drawn.to !== to || drawn.lines.length !== lines.length) return false
    const { low, high } = drawn.bounds
    return lines.every(({ ring }, i) => {
      const before = drawn.lines[i]
      if (!before || before.revision !== ring.revision) return false
      for (let n = ring.length - 1; n >= 0 && ring.tsAt(n) >= before.lastTs; n--) {
        // what somebody has fixed is cut off, and no reason to draw anew
        if (least === undefined && ring.minAt(n) < low) return false
        if (most === undefined && ring.maxAt(n) > high) return false
      }
      return true
    })
  }

  #append(): void {
    const drawn = this.#drawn
    if (!drawn) return
    this.#clipped(frame => {
      for (const [i, line] of this.#look.lines.entries()) {
        const last = drawn.lines[i]
        const newest = newestOf(line)
        if (!last || line.ring.length === 0) continue
        drawLine(frame, line, Math.max(0, line.ring.first(last.lastTs) - 1))
        last.lastTs = newest
      }
    })
  }

  /** To be called by uPlot when axes and grid are there. */
  #all(): void {
    const { lines, from, to } = this.#look
    this.#clipped(frame => {
      this.#thresholds(frame)
      for (const line of lines) drawLine(frame, line)
    })
    this.#drawn = {
      from,
      to,
      bounds: this.#bounds ?? this.#wanted(),
      lines: lines.map(line => ({ revision: line.ring.revision, lastTs: newestOf(line) })),
    }
  }

  #clipped(draw: (frame: Frame) => void): void {
    const { ctx: context, bbox } = this.#chart
    const { from, to } = this.#look
    const { min = 0, max = 1 } = this.#chart.scales['y'] ?? {}
    context.save()
    context.beginPath()
    context.rect(bbox.left, bbox.top, bbox.width, bbox.height)
    context.clip()
    draw({
      context,
      x: ts => bbox.left + ((ts - from) / (to - from)) * bbox.width,
      y: value => bbox.top + ((max - value) / (max - min)) * bbox.height,
      ratio: devicePixelRatio,
      from,
      to,
      left: bbox.left,
      top: bbox.top,
      right: bbox.left + bbox.width,
      floor: bbox.top + bbox.height,
    })
    context.restore()
  }

  #options(group: string, hands: Hands): uPlot.Options {
    return {
      width: Math.max(1, this.#place.clientWidth),
      height: Math.max(1, this.#place.clientHeight),
      ms: 1,
      padding: [8, 8, 0, 0],
      legend: { show: false },
      scales: {
        x: { time: true, range: () => [this.#look.from, this.#look.to] },
        y: {
          range: () => {
            this.#bounds ??= this.#wanted()
            return [this.#bounds.low, this.#bounds.high]
          },
        },
      },
      series: [{}, { show: true, paths: () => null, points: { show: false } }],
      axes: axesOf(() => this.#look.decimals),
      cursor: {
        y: false,
        points: { show: false },
        drag: { x: true, y: false, setScale: false },
        sync: {
          key: group,
          scales: ['x', null],
          // Where the cursor is, is of all charts; what is dragged over is of one.
          filters: {
            pub: (type, chart) => type === 'mouseleave' || (type === 'mousemove' && chart.select.width === 0),
            sub: () => true,
          },
        },
        bind: {
          dblclick: () => () => {
            hands.zoomOut()
            return null
          },
        },
      },
      hooks: {
        draw: [() => this.#all()],
        setCursor: [
          chart => {
            const { left } = chart.cursor
            hands.point(left === undefined || left < 0 ? undefined : chart.posToVal(left, 'x'))
          },
        ],
        setSelect: [
          chart => {
            const { left, width } = chart.select
            const [from, to] = [chart.posToVal(left, 'x'), chart.posToVal(left + width, 'x')]
            chart.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
            if (width >= DRAG) hands.zoom(from, to)
          },
        ],
      },
    }
  }

  #thresholds({ context, y, ratio, left, right, top, floor }: Frame): void {
    context.lineWidth = ratio
    context.font = FONT.replace('11px', `${11 * ratio}px`)
    context.textAlign = 'left'
    for (const { from, state, word } of this.#look.thresholds) {
      const at = Math.round(y(from)) + 0.5
      if (at < top || at > floor) continue
      context.strokeStyle = paint(`--${state}`)
      context.fillStyle = context.strokeStyle
      context.setLineDash([4 * ratio, 4 * ratio])
      context.beginPath()
      context.moveTo(left, at)
      context.lineTo(right, at)
      context.stroke()
      context.setLineDash([])
      // Above the line, unless it is at the upper edge.
      const isHigh = at - top < 14 * ratio
      context.textBaseline = isHigh ? 'top' : 'bottom'
      context.fillText(word, left + 4 * ratio, isHigh ? at + 3 * ratio : at - 2 * ratio)
    }
  }
}

function newestOf({ ring }: Line): number {
  return ring.length > 0 ? ring.tsAt(ring.length - 1) : Number.NEGATIVE_INFINITY
}
