import { useMemo } from 'react'
import { unitOf } from './amounts'
import type { BodyProps } from './Body'
import { binsOf } from './bins'
import { Canvas, type Painter } from './Canvas'
import { Config } from './config'
import { said, saidOnScale } from './format'
import classes from './HistogramChart.module.css'
import type { Range } from './range'
import { useTracks } from './seen'
import { type Series, shownEdges } from './series'
import { FONT, paint } from './surface'

/** How often which values came in the time that is shown. */
export function HistogramChart({ widget, series, range }: BodyProps) {
  useTracks(series)
  const painter = useMemo(() => histogram(series, range), [series, range])
  const [first] = series
  if (!first?.track) return null
  const { track } = first
  const config = new Config(widget)
  const bins = shownBins(first, config, series, range)
  const mode = bins?.counts.indexOf(Math.max(...bins.counts))
  return (
    <div className={classes['histogram']}>
      <div className={classes['head']}>
        {bins ? (
          <>
            <span data-testid="total">
              {bins.total} {track.bucketMs ? 'means' : 'values'}
            </span>
            {mode !== undefined && (
              <span className="dim">
                most around {said(bins.low + (mode + 0.5) * bins.width, config.decimals ?? 2)} {unitOf(first)}
              </span>
            )}
            {bins.outside > 0 && <span className="dim">{bins.outside} outside</span>}
          </>
        ) : (
          <span className="dim">no numbers in this time</span>
        )}
      </div>
      <div className={classes['way']}>
        <Canvas series={series} painter={painter} label={`How often which values of ${first.label} came`} />
      </div>
    </div>
  )
}

function shownBins(first: Series, config: Config, series: readonly Series[], range: Range) {
  if (!first.track) return undefined
  const { ring } = first.track
  const { from, to } = shownEdges(series, range)
  const seen = [ring.first(from), ring.first(to)] as const
  return binsOf(ring, seen, config.count('bins', 20, 2, 60), config.number('min'), config.number('max'))
}

const BELOW = 16
const LEFT = 30

function histogram(series: readonly Series[], range: Range): Painter {
  return (context, width, height) => {
    const [first] = series
    if (!first) return
    const config = new Config(first.widget)
    const bins = shownBins(first, config, series, range)
    if (!bins) return
    const most = Math.max(...bins.counts, 1)
    const [across, high] = [width - LEFT, height - BELOW]
    const step = across / bins.counts.length
    context.font = FONT
    context.fillStyle = paint('--mantine-color-dimmed')
    context.strokeStyle = paint('--border')
    context.textBaseline = 'middle'
    context.textAlign = 'right'
    for (const part of [0, 0.5, 1]) {
      const top = Math.round(high - part * (high - 8)) + 0.5
      context.beginPath()
      context.moveTo(LEFT, top)
      context.lineTo(width, top)
      context.stroke()
      if (part !== 0.5 || most > 1) context.fillText(String(Math.round(part * most)), LEFT - 4, top)
    }
    context.textBaseline = 'top'
    const marks = Math.max(1, Math.floor(across / 70))
    for (let i = 0; i <= marks; i++) {
      const bin = Math.round((i * bins.counts.length) / marks)
      const text = saidOnScale(bins.low + bin * bins.width, bins.width, config.decimals)
      context.textAlign = i === 0 ? 'left' : i === marks ? 'right' : 'center'
      context.fillText(text, LEFT + bin * step, high + 4)
    }
    context.fillStyle = paint(`--series-${first.colour}`)
    for (const [i, count] of bins.counts.entries()) {
      const tall = (count / most) * (high - 8)
      context.fillRect(LEFT + i * step + 1, high - tall, Math.max(1, step - 2), tall)
    }
  }
}
