import { ActionIcon } from '@mantine/core'
import { Panel, useReactFlow, useStoreApi } from '@xyflow/react'
import { type RefObject, useCallback, useEffect, useMemo } from 'react'
import type { Point } from '../../../flow/diagram'
import { placesOf, shapeOf } from '../../../flow/geometry'
import { editor, useEditor } from '../../../flow/store'
import { FitIcon, MinusIcon, PlusIcon } from '../../../parts/icons'
import { view } from './view'

/** Tells the rest of the editor what is seen, and brings into view what is asked for. */
export function useView(root: RefObject<HTMLDivElement | null>) {
  const flow = useReactFlow()
  const store = useStoreApi()
  const revealed = useEditor(state => state.revealed)
  const mine = useMemo(() => {
    const onCanvas = (place: Point) => flow.screenToFlowPosition(place, { snapToGrid: false })
    return {
      centre: () => {
        const box = root.current?.getBoundingClientRect()
        return box ? onCanvas({ x: box.x + box.width / 2, y: box.y + box.height / 2 }) : { x: 0, y: 0 }
      },
      onCanvas,
      fit: () => void flow.fitView({ maxZoom: 1, padding: 0.1 }),
      zoomBy: (factor: number) => void flow.zoomTo(flow.getZoom() * factor),
      focus: () => root.current?.focus({ preventScroll: true }),
    }
  }, [flow, root])
  useEffect(() => {
    view.current = mine
    return () => {
      view.current = undefined
    }
  }, [mine])
  const bringIn = useCallback(
    (id: string) => {
      const { draft, types } = editor.getState()
      const node = draft.nodes.find(node => node.id === id)
      const at = node && placesOf(draft).get(node.id)
      if (!node || !at) return
      const size = shapeOf(node, types)
      const { transform, width, height } = store.getState()
      const [x, y, zoom] = transform
      const isSeen =
        at.x * zoom + x >= 0 &&
        at.y * zoom + y >= 0 &&
        (at.x + size.width) * zoom + x <= width &&
        (at.y + size.height) * zoom + y <= height
      if (!isSeen) void flow.setCenter(at.x + size.width / 2, at.y + size.height / 2, { zoom })
    },
    [flow, store],
  )
  useEffect(() => bringIn(revealed.id), [revealed, bringIn])
  useEffect(() => {
    if (!root.current) return
    // where the canvas becomes smaller, such as below an inspector on a phone, what is looked at stays in it
    const resized = new ResizeObserver(() => {
      const [only, ...others] = editor.getState().selection.nodes
      if (only !== undefined && others.length === 0) bringIn(only)
    })
    resized.observe(root.current)
    return () => resized.disconnect()
  }, [root, bringIn])
  return {
    onCanvasAt: ({ clientX, clientY }: { clientX: number; clientY: number }) =>
      mine.onCanvas({ x: clientX, y: clientY }),
  }
}

/** For who has no wheel. */
export function ViewButtons() {
  return (
    <Panel position="bottom-left">
      <ActionIcon.Group>
        <ActionIcon variant="default" aria-label="Zoom in" onClick={() => view.current?.zoomBy(1.25)}>
          <PlusIcon />
        </ActionIcon>
        <ActionIcon variant="default" aria-label="Zoom out" onClick={() => view.current?.zoomBy(0.8)}>
          <MinusIcon />
        </ActionIcon>
        <ActionIcon variant="default" aria-label="Show the whole flow" onClick={() => view.current?.fit()}>
          <FitIcon />
        </ActionIcon>
      </ActionIcon.Group>
    </Panel>
  )
}
