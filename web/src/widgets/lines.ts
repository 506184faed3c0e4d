/** Draws series over time on a canvas, from their rings. */
import type { Ring } from '../live/ring'
import { columns, gapMs, seen } from './scale'

export type Style = 'line' | 'step' | 'points'

export interface Frame {
  context: CanvasRenderingContext2D
  /** Where a time and a value are, in pixels of the canvas. */
  x: (ts: number) => number
  y: (value: number) => number
  /** Pixels of the canvas to one of the page. */
  ratio: number
  from: number
  to: number
  /** Edges of the area. */
  left: number
  top: number
  right: number
  floor: number
}

export interface Line {
  ring: Ring
  colour: string
  style: Style
  isFilled: boolean
  isDashed: boolean
}

/** Draws a line, or what of it begins with the value at `since`. */
export function drawLine(frame: Frame, line: Line, since = 0): void {
  const { context, ratio } = frame
  const { ring, style } = line
  const { begin, end } = seen(ring, frame.from, frame.to)
  const range = [Math.max(begin, since), end] as const
  // What steps holds until the next value.
  const gap = style === 'step' ? Number.POSITIVE_INFINITY : gapMs(ring, begin, end)
  const x = (ts: number) => Math.round(frame.x(ts))
  context.strokeStyle = line.colour
  context.fillStyle = line.colour
  context.lineWidth = 1.5 * ratio
  context.lineJoin = 'round'
  context.setLineDash(line.isDashed ? [6 * ratio, 4 * ratio] : [])
  drawBand(frame, ring, range, x, gap)
  if (style === 'points') drawPoints(frame, ring, range, x)
  else if (style === 'step') drawSteps(frame, ring, range, x)
  else drawJoined(frame, ring, range, x, gap, line.isFilled)
  context.setLineDash([])
}

type Range = readonly [begin: number, end: number]
type X = (ts: number) => number

/** Between the lowest and the highest of what was folded: a shade of the line's colour. */
function drawBand({ context, y, ratio }: Frame, ring: Ring, range: Range, x: X, gap: number): void {
  context.globalAlpha = 0.25
  let [before, top, bottom] = [Number.NaN, 0, 0]
  let isAny = false
  context.beginPath()
  columns(ring, range, x, gap, 'band', (at, _first, min, max, _last, isNew) => {
    const [high, low] = [y(max), y(min)]
    if (!isNew && !Number.isNaN(before) && (low > high || bottom > top)) {
      context.moveTo(before, top)
      context.lineTo(at, high)
      context.lineTo(at, low)
      context.lineTo(before, bottom)
      context.closePath()
      isAny = true
    } else if (isNew && low > high) {
      context.rect(at - ratio / 2, high, ratio, low - high)
      isAny = true
    }
    ;[before, top, bottom] = [at, high, low]
  })
  if (isAny) context.fill()
  context.globalAlpha = 1
}

function drawJoined(frame: Frame, ring: Ring, range: Range, x: X, gap: number, isFilled: boolean): void {
  const { context, y, ratio, floor } = frame
  const trace = (
    end: (x: number, y: number, isAlone: boolean) => void,
    begin: (x: number, y: number) => void,
  ) => {
    let [lastX, lastY, length] = [0, 0, 0]
    columns(ring, range, x, gap, 'line', (at, first, min, max, last, isNew) => {
      if (isNew) {
        if (length > 0) end(lastX, lastY, length === 1)
        begin(at, y(first))
        length = 0
      } else {
        context.lineTo(at, y(first))
      }
      if (max > min) {
        context.lineTo(at, y(min))
        context.lineTo(at, y(max))
        context.lineTo(at, y(last))
        length += 1
      }
      length += 1
      ;[lastX, lastY] = [at, y(last)]
    })
    if (length > 0) end(lastX, lastY, length === 1)
  }
  if (isFilled) {
    context.globalAlpha = 0.12
    let start = 0
    context.beginPath()
    trace(
      lastX => {
        context.lineTo(lastX, floor)
        context.lineTo(start, floor)
        context.closePath()
      },
      (at, top) => {
        start = at
        context.moveTo(at, top)
      },
    )
    context.fill()
    context.globalAlpha = 1
  }
  const alone: [number, number][] = []
  context.beginPath()
  trace(
    (at, top, isAlone) => {
      if (isAlone) alone.push([at, top])
    },
    (at, top) => context.moveTo(at, top),
  )
  context.stroke()
  // A value with gaps on both sides makes no line.
  for (const [at, top] of alone) dot(context, at, top, 2 * ratio)
}

function drawSteps({ context, y, to, x: exact }: Frame, ring: Ring, range: Range, x: X): void {
  let held = Number.NaN
  context.beginPath()
  columns(ring, range, x, Number.POSITIVE_INFINITY, 'line', (at, first, min, max, last, isNew) => {
    if (isNew || Number.isNaN(held)) context.moveTo(at, y(first))
    else {
      context.lineTo(at, held)
      context.lineTo(at, y(first))
    }
    if (max > min) {
      context.lineTo(at, y(min))
      context.lineTo(at, y(max))
      context.lineTo(at, y(last))
    }
    held = y(last)
  })
  // The newest holds up to now.
  const isNewestSeen = range[1] === ring.length
  if (!Number.isNaN(held) && isNewestSeen) context.lineTo(exact(to), held)
  context.stroke()
}

function drawPoints({ context, y, ratio }: Frame, ring: Ring, [begin, end]: Range, x: X): void {
  const size = 3 * ratio
  for (let i = begin; i < end; i++) {
    const value = ring.valueAt(i)
    if (!Number.isNaN(value)) context.fillRect(x(ring.tsAt(i)) - size / 2, y(value) - size / 2, size, size)
  }
}

export function dot(context: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  context.beginPath()
  context.arc(x, y, radius, 0, 2 * Math.PI)
  context.fill()
}
