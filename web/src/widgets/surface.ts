/**
 * Where a chart draws: it is told when it must, by the one scheduler of the page, and only while it can be seen. `changed` marks it;
 * another size, another look or coming into sight do so by themselves.
 */
import { mark, unmark } from '../live/schedule'

export interface Surface {
  /** Values came. */
  changed(): void
  /** All is to be drawn anew. */
  anew(): void
  end(): void
}

export function surface(place: Element, draw: (isAnew: boolean) => void): Surface {
  let isVisible = false
  let isDirty = true
  let isAnew = true
  const drawn = () => {
    const was = isAnew
    isDirty = false
    isAnew = false
    draw(was)
  }
  const changed = () => {
    isDirty = true
    if (isVisible) mark(drawn)
  }
  const anew = () => {
    isAnew = true
    changed()
  }
  const seen = new IntersectionObserver(entries => {
    isVisible = entries.at(-1)?.isIntersecting ?? false
    if (isVisible && isDirty) mark(drawn)
  })
  const sized = new ResizeObserver(anew)
  const coloured = new MutationObserver(anew)
  seen.observe(place)
  sized.observe(place)
  coloured.observe(document.documentElement, { attributeFilter: ['data-mantine-color-scheme'] })
  return {
    changed,
    anew,
    end: () => {
      seen.disconnect()
      sized.disconnect()
      coloured.disconnect()
      unmark(drawn)
    },
  }
}

/** Makes a canvas as fine as the screen, and gives what draws on it, in CSS pixels. */
export function pen(
  canvas: HTMLCanvasElement,
): { context: CanvasRenderingContext2D; width: number; height: number } | undefined {
  const ratio = devicePixelRatio
  const [width, height] = [canvas.clientWidth, canvas.clientHeight]
  const [fineWidth, fineHeight] = [Math.round(width * ratio), Math.round(height * ratio)]
  if (canvas.width !== fineWidth) canvas.width = fineWidth
  if (canvas.height !== fineHeight) canvas.height = fineHeight
  const context = canvas.getContext('2d')
  if (!context || width === 0 || height === 0) return undefined
  context.setTransform(ratio, 0, 0, ratio, 0, 0)
  context.clearRect(0, 0, width, height)
  return { context, width, height }
}

/** Colours of the theme, by the names of their variables; looked up once for a look, as that costs as much as drawing. */
const known = new Map<string, string>()
let look = ''

export function paint(variable: string): string {
  const now = document.documentElement.getAttribute('data-mantine-color-scheme') ?? ''
  if (now !== look) {
    look = now
    known.clear()
  }
  const found = known.get(variable)
  if (found) return found
  const colour = getComputedStyle(document.documentElement).getPropertyValue(variable).trim()
  if (colour) known.set(variable, colour)
  return colour
}

export const FONT = '11px system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
