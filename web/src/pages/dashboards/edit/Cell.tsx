import { ActionIcon } from '@mantine/core'
import type { KeyboardEvent } from 'react'
import { CopyIcon, CrossIcon, EditIcon, GripIcon } from '../../../parts/icons'
import { kindOf } from '../../../widgets/kinds'
import type { DrawnWidget } from '../../../widgets/model'
import type { Range } from '../../../widgets/range'
import { Widget } from '../../../widgets/Widget'
import { duplicated, newId, removed } from '../model/edits'
import { type Direction, moved, resized } from '../model/keys'
import type { Layout, Place, Size } from '../model/place'
import classes from './Canvas.module.css'
import type { Edit } from './useEditor'

interface Props {
  widget: DrawnWidget
  others: readonly DrawnWidget[]
  place: Place
  layout: Layout
  size: Size
  dashboard: string
  range: Range
  isSelected: boolean
  edit: Edit
  onPut: (layout: Layout) => void
  onSelect: (id: string) => void
  /** The pointer went down on it: what comes is a click or a drag. */
  onPress: () => void
}

const ARROWS: Record<string, Direction> = {
  ArrowLeft: 'left',
  ArrowRight: 'right',
  ArrowUp: 'up',
  ArrowDown: 'down',
}

/** Where something stands, in words. */
export function told({ x, y, w, h }: Place): string {
  return `column ${x + 1}, row ${y + 1}, ${w} wide, ${h} high`
}

/** A widget that is not used but arranged: a cover takes the pointer and the keys. */
export function Cell(props: Props) {
  const { widget, others, place, layout, size, dashboard, range, isSelected, edit, onPut, onSelect } = props
  const id = widget.widget_id
  const name = widget.title || kindOf(widget.widget_type).name
  const copy = () => edit(now => duplicated(now, id, newId(widget.widget_type)))
  const remove = () => edit(now => removed(now, id))
  const press = (event: KeyboardEvent) => {
    const to = ARROWS[event.key]
    if (to && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault()
      onPut((event.shiftKey ? resized : moved)(layout, id, to, size))
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault()
      remove()
    } else if (event.key.toLowerCase() === 'd' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      copy()
    }
  }
  return (
    <>
      <div className={classes['inside']} inert>
        <Widget widget={widget} others={others} dashboard={dashboard} range={range} />
      </div>
      <button
        type="button"
        className={`cover ${classes['cover']}`}
        data-widget={id}
        aria-label={`${name}, ${told(place)}`}
        aria-describedby="edit-help"
        aria-pressed={isSelected}
        onPointerDown={props.onPress}
        onKeyDown={press}
        onClick={() => onSelect(id)}
      />
      <div className={classes['tools']}>
        <span className={`grip ${classes['grip']}`} aria-hidden="true">
          <GripIcon />
        </span>
        <ActionIcon
          size="sm"
          variant="default"
          aria-label={`Settings of ${name}`}
          onClick={() => onSelect(id)}
        >
          <EditIcon />
        </ActionIcon>
        <ActionIcon size="sm" variant="default" aria-label={`Duplicate ${name}`} onClick={copy}>
          <CopyIcon />
        </ActionIcon>
        <ActionIcon size="sm" variant="default" aria-label={`Remove ${name}`} onClick={remove}>
          <CrossIcon />
        </ActionIcon>
      </div>
    </>
  )
}
