/** The edge that something is held over: let go there, it comes between the edge's ends. */
import { create } from 'zustand'
import type { Point } from '../../../flow/diagram'
import { edgeAt } from '../../../flow/geometry'
import { editor } from '../../../flow/store'

export const useOver = create<{ edge: string | undefined }>()(() => ({ edge: undefined }))

/** Something is held at a place of the canvas, or nowhere any more. */
export function heldAt(place: Point | undefined): void {
  const { draft, types } = editor.getState()
  const edge = place && edgeAt(draft, types, place)
  if (edge !== useOver.getState().edge) useOver.setState({ edge })
}
