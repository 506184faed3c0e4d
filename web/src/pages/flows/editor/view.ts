/** The view of the canvas, for what is not in it: commands, the palette, the list of problems. */
import type { Point } from '../../../flow/diagram'

export interface View {
  /** The middle of what is seen, on the canvas. */
  centre(): Point
  /** A place of the window, on the canvas. */
  onCanvas(place: Point): Point
  /** Shows all of it. */
  fit(): void
  zoomBy(factor: number): void
  /** Puts the keyboard on the canvas. */
  focus(): void
}

export const view: { current: View | undefined } = { current: undefined }
