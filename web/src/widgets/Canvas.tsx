import { useEffect, useRef } from 'react'
import type { Series } from './series'
import { pen, surface } from './surface'

export type Painter = (context: CanvasRenderingContext2D, width: number, height: number) => void

/** A canvas that is drawn anew when values came, by `painter`, which must stay the same while what it draws from does. */
export function Canvas({
  series,
  painter,
  label,
}: {
  series: readonly Series[]
  painter: Painter
  label: string
}) {
  const canvas = useRef<HTMLCanvasElement>(null)
  useEffect(() => {
    const place = canvas.current
    if (!place) return
    const on = surface(place, () => {
      const drawn = pen(place)
      if (drawn) painter(drawn.context, drawn.width, drawn.height)
    })
    const leave = series.map(({ track }) => track?.listen(on.changed))
    return () => {
      on.end()
      for (const end of leave) end?.()
    }
  }, [series, painter])
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={label}
      style={{ width: '100%', height: '100%', display: 'block' }}
    />
  )
}
