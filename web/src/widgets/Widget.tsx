import { type ReactNode, useMemo } from 'react'
import { Body } from './Body'
import { kindOf } from './kinds'
import { type DrawnWidget, membersOf } from './model'
import type { Range } from './range'
import { LastSeen, useCondition } from './seen'
import { useSeries } from './series'
import { Loading, NoSource, NotShown, NoValues } from './states'
import classes from './Widget.module.css'

interface Props {
  widget: DrawnWidget
  /** The id of its dashboard: charts of one dashboard share a cursor. */
  dashboard: string
  range: Range
  /** All widgets of the dashboard; those that are part of this one are drawn with it. */
  others?: readonly DrawnWidget[]
  /** Somebody dragged over a stretch of time of it, and wants to see that. */
  onZoom?: ((from: number, to: number) => void) | undefined
  /** Somebody wants to see what they saw before they zoomed in. */
  onZoomOut?: (() => void) | undefined
  /** What stands at the end of the title bar. */
  tools?: ReactNode
}

const NOBODY: readonly DrawnWidget[] = []

/** A widget: fills its box, with a title bar that says how old the newest value is. The title bar has the class `widget-head`. */
export function Widget({ widget, dashboard, range, others = NOBODY, onZoom, onZoomOut, tools }: Props) {
  const members = useMemo(() => membersOf(widget, others), [widget, others])
  const series = useSeries(members, range)
  const condition = useCondition(widget, series, range.kind === 'live')
  const kind = kindOf(widget.widget_type)
  return (
    <section
      className={classes['widget']}
      aria-label={widget.title || kind.name}
      data-condition={condition.kind}
    >
      <header className={`widget-head ${classes['head']}`}>
        <h3>{widget.title || kind.name}</h3>
        <LastSeen widget={widget} series={series} isLive={range.kind === 'live'} />
        {tools}
      </header>
      <div className={classes['body']}>
        {condition.kind === 'loading' && <Loading />}
        {condition.kind === 'unfed' && <NoSource widget={widget} />}
        {condition.kind === 'empty' && <NoValues widget={widget} range={range} />}
        {condition.kind === 'trouble' && <NotShown code={condition.code} message={condition.message} />}
        {(condition.kind === 'shown' || condition.kind === 'stale') && (
          <Body
            widget={widget}
            series={series}
            range={range}
            dashboard={dashboard}
            onZoom={onZoom}
            onZoomOut={onZoomOut}
          />
        )}
      </div>
    </section>
  )
}
