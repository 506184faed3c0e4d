import { useMemo } from 'react'
import { unitOf } from './amounts'
import type { BodyProps } from './Body'
import { Canvas, type Painter } from './Canvas'
import { Config } from './config'
import { saidOnScale } from './format'
import { dot } from './lines'
import { marksOf } from './marks'
import { pairs } from './pairs'
import { Swatch } from './parts'
import type { Range } from './range'
import { padded } from './scale'
import { type Series, shownEdges } from './series'
import { FONT, paint } from './surface'
import classes from './TimeSeries.module.css'

/** A value goes with the newest of the first series that is no older than this. */
const PATIENCE_MS = 10_000

/** How series go with the first one. */
export function XyChart({ series, range }: BodyProps) {
  const painter = useMemo(() => cloud(series, range), [series, range])
  const [first, ...others] = series
  if (!first) return null
  if (others.length === 0) {
    return (
      <div className="dim" role="status">
        It has one series, which is x. Edit the dashboard and give it another one, for y.
      </div>
    )
  }
  const unit = unitOf(first)
  const names = others.map(({ label }) => label).join(', ')
  return (
    <div className={classes['chart']}>
      <div className={classes['plot']}>
        <Canvas series={series} painter={painter} label={`${names} against ${first.label}`} />
      </div>
      <ul className={classes['legend']}>
        <li className={classes['name']}>
          x: {first.label}
          {unit && ` in ${unit}`}
        </li>
        {others.map(one => (
          <li key={one.widget.widget_id}>
            <Swatch colour={one.colour} />
            <span className={classes['name']}>
              {one.label}
              {unitOf(one) && ` in ${unitOf(one)}`}
            </span>
          </li>
        ))}
      </ul>
    </div>
  )
}

const BELOW = 18
const LEFT = 44

function cloud(series: readonly Series[], range: Range): Painter {
  return (context, width, height) => {
    const [first, ...others] = series
    if (!first?.track) return
    const config = new Config(first.widget)
    const { from, to } = shownEdges(series, range)
    const clouds = others.flatMap(({ track, colour }) => {
      if (!track || !first.track) return []
      const points: number[] = []
      // Of what is cut into buckets, those of one time belong together.
      const patience = Math.max(PATIENCE_MS, 2 * (first.track.bucketMs ?? 0))
      pairs(first.track.ring, track.ring, [from, to], patience, (x, y) => points.push(x, y))
      return [{ points, colour: paint(`--series-${colour}`) }]
    })
    const x = scaleOf(clouds, 0, config.number('x_min'), config.number('x_max'))
    const y = scaleOf(clouds, 1, config.number('min'), config.number('max'))
    const atX = (value: number) => LEFT + ((value - x.low) / (x.high - x.low)) * (width - LEFT - 4)
    const atY = (value: number) =>
      height - BELOW - ((value - y.low) / (y.high - y.low)) * (height - BELOW - 6)
    context.font = FONT
    context.fillStyle = paint('--mantine-color-dimmed')
    context.strokeStyle = paint('--border')
    context.lineWidth = 1
    const down = marksOf(x.low, x.high, Math.max(2, Math.floor((width - LEFT) / 64)))
    const across = marksOf(y.low, y.high, Math.max(2, Math.floor(height / 36)))
    context.textAlign = 'center'
    context.textBaseline = 'top'
    context.beginPath()
    for (const value of down.marks) {
      const left = Math.round(atX(value)) + 0.5
      context.moveTo(left, 0)
      context.lineTo(left, height - BELOW)
      context.fillText(saidOnScale(value, down.step, undefined), left, height - BELOW + 4)
    }
    context.textAlign = 'right'
    context.textBaseline = 'middle'
    for (const value of across.marks) {
      const top = Math.round(atY(value)) + 0.5
      context.moveTo(LEFT, top)
      context.lineTo(width, top)
      context.fillText(saidOnScale(value, across.step, config.decimals), LEFT - 4, top)
    }
    context.stroke()
    context.save()
    context.beginPath()
    context.rect(LEFT, 0, width - LEFT, height - BELOW)
    context.clip()
    const isLine = config.choice('style', ['points', 'line'] as const, 'points') === 'line'
    for (const { points, colour } of clouds) {
      context.fillStyle = colour
      context.strokeStyle = colour
      context.lineWidth = 1.5
      context.globalAlpha = isLine ? 1 : 0.6
      context.beginPath()
      for (let i = 0; i < points.length; i += 2) {
        const [left, top] = [atX(points[i] as number), atY(points[i + 1] as number)]
        if (isLine) context.lineTo(left, top)
        else context.fillRect(left - 1.5, top - 1.5, 3, 3)
      }
      if (isLine) context.stroke()
      context.globalAlpha = 1
      // Where it is now.
      if (points.length > 1) {
        dot(context, atX(points.at(-2) as number), atY(points.at(-1) as number), 4)
      }
    }
    context.restore()
  }
}

function scaleOf(clouds: readonly { points: number[] }[], offset: number, least?: number, most?: number) {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (const { points } of clouds) {
    for (let i = offset; i < points.length; i += 2) {
      const value = points[i] as number
      if (value < low) low = value
      if (value > high) high = value
    }
  }
  return padded(low <= high ? { low, high } : undefined, least, most)
}
