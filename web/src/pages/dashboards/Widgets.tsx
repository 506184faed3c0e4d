import { useMemo } from 'react'
import type { DrawnWidget } from '../../widgets/model'
import type { Range } from '../../widgets/range'
import { Widget } from '../../widgets/Widget'
import { Grid } from './Grid'
import type { Board } from './model/board'
import { drawnWidget, sharedWidget } from './model/written'

interface Props {
  board: Board
  /** The server's ids of the widgets, by their names. */
  ids: ReadonlyMap<string, string>
  dashboard: string
  /** Shown by a link, which does not say what feeds a widget. */
  isShared?: boolean
  range: Range
  onZoom: (from: number, to: number) => void
  onZoomOut: () => void
}

/** The widgets of a dashboard where they belong. */
export function Widgets({ board, ids, dashboard, isShared = false, range, onZoom, onZoomOut }: Props) {
  const drawn = useMemo(() => {
    const draw = isShared ? sharedWidget : drawnWidget
    return new Map(board.items.map(item => [item.widget_id, draw(item, ids.get(item.widget_id) ?? '')]))
  }, [board, ids, isShared])
  const all: DrawnWidget[] = useMemo(() => [...drawn.values()], [drawn])
  return (
    <Grid board={board}>
      {id => {
        const widget = drawn.get(id)
        return (
          widget && (
            <Widget
              widget={widget}
              dashboard={dashboard}
              range={range}
              others={all}
              onZoom={onZoom}
              onZoomOut={onZoomOut}
            />
          )
        )
      }}
    </Grid>
  )
}
