import { useEffect, useRef } from 'react'
import { nameOf, type Source } from '../live/frames'
import { link } from '../live/hooks'
import type { Ring } from '../live/ring'
import { mark, unmark } from '../live/schedule'

/** A small chart of what came lately, drawn when something new came and it can be seen. */
export function Sparkline({ source, label }: { source: Source; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const name = nameOf(source)
  // biome-ignore lint/correctness/useExhaustiveDependencies: the name says which source it is
  useEffect(() => {
    const place = canvas.current
    if (!place) return
    const { ring } = link.feed(source)
    let visible = false
    const draw = () => paint(place, ring)
    const changed = () => {
      if (visible) mark(draw)
    }
    const seen = new IntersectionObserver(entries => {
      visible = entries.at(-1)?.isIntersecting ?? false
      changed()
    })
    const sized = new ResizeObserver(changed)
    const coloured = new MutationObserver(changed)
    seen.observe(place)
    sized.observe(place)
    coloured.observe(document.documentElement, { attributeFilter: ['data-mantine-color-scheme'] })
    const leave = link.watch(source, changed)
    return () => {
      leave()
      seen.disconnect()
      sized.disconnect()
      coloured.disconnect()
      unmark(draw)
    }
  }, [name])
  return (
    <canvas
      ref={canvas}
      role="img"
      aria-label={label}
      style={{ width: '100%', height: 48, display: 'block' }}
    />
  )
}

function paint(canvas: HTMLCanvasElement, ring: Ring): void {
  const ratio = devicePixelRatio
  const [width, height] = [canvas.clientWidth, canvas.clientHeight]
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio)
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio)
  const context = canvas.getContext('2d')
  if (!context) return
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let i = 0; i < ring.length; i++) {
    if (ring.minAt(i) < low) low = ring.minAt(i)
    if (ring.maxAt(i) > high) high = ring.maxAt(i)
  }
  if (low > high) return
  const [from, to] = [ring.tsAt(0), ring.tsAt(ring.length - 1)]
  const x = (ts: number) => (to > from ? 2 + ((ts - from) / (to - from)) * (width - 4) : width - 2)
  const y = (value: number) =>
    high > low ? height - 3 - ((value - low) / (high - low)) * (height - 6) : height / 2
  const style = getComputedStyle(canvas)
  context.strokeStyle = style.getPropertyValue('--line')
  context.fillStyle = context.strokeStyle
  context.lineWidth = 1.5
  context.lineJoin = 'round'
  context.beginPath()
  let pen = false
  for (let at = 0; at < ring.length; at++) {
    const value = ring.valueAt(at)
    if (Number.isNaN(value)) {
      pen = false
      continue
    }
    const [left, top] = [x(ring.tsAt(at)), y(value)]
    if (pen) context.lineTo(left, top)
    else context.moveTo(left, top)
    // What was folded away is a stroke up and down.
    if (ring.maxAt(at) > ring.minAt(at)) {
      context.lineTo(left, y(ring.minAt(at)))
      context.lineTo(left, y(ring.maxAt(at)))
      context.lineTo(left, top)
    }
    pen = true
  }
  context.stroke()
  if (ring.length === 1) context.fillRect(width - 4, height / 2 - 1, 3, 3)
}
