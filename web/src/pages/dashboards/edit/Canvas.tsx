import { useElementSize, useMediaQuery } from '@mantine/hooks'
import { useMemo, useRef, useState } from 'react'
import { type Compactor, GridLayout, type Layout as GridLayoutList } from 'react-grid-layout'
import type { DrawnWidget } from '../../../widgets/model'
import type { Range } from '../../../widgets/range'
import { layoutOf } from '../model/board'
import { arranged } from '../model/edits'
import { COLUMNS, GAP, type Layout, type Place, ROW, type Size, settle } from '../model/place'
import { same } from '../model/same'
import { drawnWidget } from '../model/written'
import classes from './Canvas.module.css'
import { Cell, told } from './Cell'
import type { EditorState } from './useEditor'

/** The same rules as where a dashboard is only shown: what one sees here is what others see there. */
const compactor: Compactor = {
  type: 'vertical',
  allowOverlap: false,
  compact: (layout, columns) => settle(layout.map(placeOf), columns),
}

const resizing = {
  enabled: true,
  handles: ['se'] as const,
  handleComponent: (_: string, ref: React.Ref<HTMLElement>) => (
    <span ref={ref} className={classes['handle']} aria-hidden="true" />
  ),
}

function placeOf({ i, x, y, w, h, minW, minH }: GridLayoutList[number]): Place {
  return { i, x, y, w, h, ...(minW ? { minW } : {}), ...(minH ? { minH } : {}) }
}

interface Props {
  editor: EditorState
  size: Size
  selected: string | undefined
  onSelect: (id: string | undefined) => void
  range: Range
}

/** The dashboard with boxes that can be dragged, resized and gone through by keyboard. */
export function Canvas({ editor, size, selected, onSelect, range }: Props) {
  const { board, edit, stored } = editor
  const { ref, width } = useElementSize()
  const isTouched = useMediaQuery('(pointer: coarse)')
  const [said, setSaid] = useState('')
  // A drag ends with a click on what was dragged.
  const wasMoved = useRef(false)
  const layout = layoutOf(board, size)
  const columns = COLUMNS[size]
  const drawn = useDrawn(editor)
  const all = useMemo(() => [...drawn.values()], [drawn])
  const put = (next: Layout) => edit(now => arranged(now, size, next))
  const stop = (next: GridLayoutList) => put(next.map(placeOf))
  const gridConfig = useMemo(
    () => ({ cols: columns, rowHeight: ROW, margin: [GAP, GAP] as const, containerPadding: [0, 0] as const }),
    [columns],
  )
  const dragConfig = useMemo(
    // A finger on the picture scrolls the page.
    () => ({ enabled: true, handle: isTouched ? '.grip' : '.cover, .grip', threshold: 4 }),
    [isTouched],
  )
  const shown = useMemo(
    () => layout.map(place => ({ ...place, minW: Math.min(place.minW ?? 1, columns) })),
    [layout, columns],
  )
  return (
    <div ref={ref} className={classes['canvas']} data-dashboard={stored.template.id}>
      <p id="edit-help" className="hidden">
        Arrow keys move it, with Shift they resize it. Enter opens its settings, Control D duplicates it,
        Delete removes it.
      </p>
      <div className="hidden" role="status">
        {said}
      </div>
      {width > 0 && (
        <GridLayout
          width={width}
          layout={shown}
          gridConfig={gridConfig}
          dragConfig={dragConfig}
          resizeConfig={resizing}
          compactor={compactor}
          onDragStart={() => {
            wasMoved.current = true
          }}
          onDragStop={stop}
          onResizeStop={stop}
        >
          {layout.map(place => {
            const widget = drawn.get(place.i)
            return (
              <div key={place.i} className={classes['box']} data-selected={place.i === selected}>
                {widget && (
                  <Cell
                    widget={widget}
                    others={all}
                    place={place}
                    layout={layout}
                    size={size}
                    dashboard={stored.template.id}
                    range={range}
                    isSelected={place.i === selected}
                    edit={edit}
                    onPut={next => {
                      put(next)
                      const now = next.find(({ i }) => i === place.i)
                      if (now) setSaid(told(now))
                    }}
                    onSelect={id => {
                      if (!wasMoved.current) onSelect(id)
                    }}
                    onPress={() => {
                      wasMoved.current = false
                    }}
                  />
                )}
              </div>
            )
          })}
        </GridLayout>
      )}
    </div>
  )
}

/** Widgets as they would be: those that are saved like that are fed as such, others by their sources. */
function useDrawn({ board, stored }: EditorState): Map<string, DrawnWidget> {
  return useMemo(() => {
    const known = new Map(stored.widgets.map(widget => [widget.widget_id, widget]))
    return new Map(
      board.items.map(item => {
        const saved = known.get(item.widget_id)
        const now = saved && drawnWidget(item, saved.id)
        const isFed = saved && same(feed(saved), feed({ ...item, ...item.source }))
        return [item.widget_id, isFed && now ? now : drawnWidget(item, '')] as const
      }),
    )
  }, [board, stored])
}

/** What of a widget decides which values come. */
function feed(of: Partial<Record<string, unknown>>) {
  const { data_source_type, device_id, sensor_type, flow_id, node_id, output_field, static_value } = of
  const { aggregation, refresh_interval, max_samples } = of
  const source = { data_source_type, device_id, sensor_type, flow_id, node_id, output_field, static_value }
  return { ...source, aggregation, refresh_interval, max_samples }
}
