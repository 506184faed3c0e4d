import { lazy, memo, Suspense } from 'react'
import { Bars } from './Bars'
import { Gauge } from './Gauge'
import { HistogramChart } from './HistogramChart'
import type { DrawnWidget } from './model'
import { Pie } from './Pie'
import type { Range } from './range'
import { Stat } from './Stat'
import { StatusList } from './StatusList'
import type { Series } from './series'
import { Loading } from './states'
import { Text } from './Text'
import { Trend } from './Trend'
import { ValueTable } from './ValueTable'
import { XyChart } from './XyChart'

export interface BodyProps {
  widget: DrawnWidget
  /** The same while the widget, its parts and the range are. */
  series: readonly Series[]
  range: Range
  dashboard: string
  onZoom?: ((from: number, to: number) => void) | undefined
  onZoomOut?: (() => void) | undefined
}

// What they need is large, and a dashboard may have none of them.
const TimeSeries = lazy(() => import('./TimeSeries').then(({ TimeSeries }) => ({ default: TimeSeries })))
const Control = lazy(() => import('./Control').then(({ Control }) => ({ default: Control })))

/** What a widget shows, by its kind. */
export const Body = memo((props: BodyProps) => (
  <Suspense fallback={<Loading />}>
    <Kind {...props} />
  </Suspense>
))
Body.displayName = 'Body'

function Kind(props: BodyProps) {
  switch (props.widget.widget_type) {
    case 'time_series':
      return <TimeSeries {...props} />
    case 'bar_chart':
      return <Bars {...props} />
    case 'gauge':
      return <Gauge {...props} />
    case 'stat_panel':
      return <Stat {...props} />
    case 'pie_chart':
      return <Pie {...props} />
    case 'table':
      return <ValueTable {...props} />
    case 'histogram':
      return <HistogramChart {...props} />
    case 'xy_chart':
      return <XyChart {...props} />
    case 'trend_chart':
      return <Trend {...props} />
    case 'status':
      return <StatusList {...props} />
    case 'switch':
    case 'button':
    case 'slider':
      return <Control {...props} />
    case 'text':
      return <Text {...props} />
  }
}
