import { useEffect, useRef } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import classes from './Plot.module.css'

export interface PlotLine {
  name: string
  /** Name of a variable of the theme. */
  colour: string
  /** A point per value, as of readings that came one by one. */
  dots: boolean
  /** Steps instead of slopes: a state holds until the next. */
  steps?: boolean
  values: (number | null | undefined)[]
  /** What the values of a bucket reach down and up to. */
  low?: (number | null | undefined)[] | undefined
  high?: (number | null | undefined)[] | undefined
}

interface Props {
  label: string
  unit: string
  height: number
  /** Milliseconds since the epoch, ascending. */
  times: number[]
  lines: PlotLine[]
  from: number
  to: number
  tz: string
  /** Plots of the same name show the pointer at the same time. */
  sync?: string
  /** Somebody drew over a part of it. */
  onZoom?: (from: number, to: number) => void
  /** Where the pointer is: an index of `times`, or nothing. */
  onPointer?: (index: number | null) => void
}

type Column = (number | null | undefined)[]

/** A chart over time. It draws what it is given; who cannot see it needs the same as a table. */
export function Plot(props: Props) {
  const place = useRef<HTMLDivElement>(null)
  const chart = useRef<uPlot>(null)
  const now = useRef(props)
  now.current = props
  // What a chart cannot be told later makes another one.
  const shape = JSON.stringify([
    props.tz,
    props.unit,
    props.sync,
    props.lines.map(({ name, colour, dots, steps, low }) => [name, colour, dots, steps, low !== undefined]),
  ])
  // biome-ignore lint/correctness/useExhaustiveDependencies: the shape says what matters
  useEffect(() => {
    const element = place.current
    if (!element) return
    const plot = new uPlot(options(now, element), columns(now.current), element)
    chart.current = plot
    const sized = new ResizeObserver(() => {
      if (element.clientWidth !== plot.width && element.clientWidth > 0)
        plot.setSize({ width: element.clientWidth, height: plot.height })
    })
    const coloured = new MutationObserver(() => plot.redraw(false, true))
    sized.observe(element)
    coloured.observe(document.documentElement, { attributeFilter: ['data-mantine-color-scheme'] })
    return () => {
      sized.disconnect()
      coloured.disconnect()
      chart.current = null
      plot.destroy()
    }
  }, [shape])
  const { times, lines, from, to, height, label } = props
  const drawn = useRef(shape)
  // biome-ignore lint/correctness/useExhaustiveDependencies: times and lines come together
  useEffect(() => {
    const isNew = drawn.current !== shape
    drawn.current = shape
    if (!isNew) chart.current?.setData(columns(now.current))
  }, [times, lines, from, to])
  useEffect(() => {
    const plot = chart.current
    if (plot && plot.height !== height) plot.setSize({ width: plot.width, height })
  }, [height])
  return (
    <div
      ref={place}
      className={classes['plot']}
      role="img"
      aria-label={label}
      style={{ minHeight: height }}
    />
  )
}

function columns({ times, lines }: Props): uPlot.AlignedData {
  const all: Column[] = []
  for (const { values, low, high } of lines) all.push(values, ...(low && high ? [low, high] : []))
  return [times, ...all] as uPlot.AlignedData
}

function options(now: { current: Props }, element: HTMLElement): uPlot.Options {
  const { unit, height, tz, sync } = now.current
  const css = (name: string) => getComputedStyle(element).getPropertyValue(name).trim()
  const grid = { stroke: () => css('--border'), width: 1 }
  const axis = {
    stroke: () => css('--mantine-color-dimmed'),
    font: '12px system-ui',
    grid,
    ticks: { show: false },
  }
  const { series, bands } = drawing(now.current.lines, css)
  return {
    width: element.clientWidth || 320,
    height,
    ms: 1,
    tzDate: ts => uPlot.tzDate(new Date(ts), tz),
    legend: { show: false },
    padding: [8, 12, 0, 0],
    cursor: {
      y: false,
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      ...(sync ? { sync: { key: sync } } : {}),
    },
    scales: { x: { range: () => [now.current.from, now.current.to] } },
    axes: [
      { ...axis, space: 72, values: times24 },
      {
        ...axis,
        size: 56,
        gap: 4,
        space: 32,
        ...(unit ? { label: unit, labelSize: 20, labelFont: '12px system-ui', labelGap: 0 } : {}),
        values: (_, ticks) => ticks.map(short),
      },
    ],
    series: [{}, ...series],
    bands,
    hooks: {
      setSelect: [
        plot => {
          const { left, width } = plot.select
          if (width < 4) return
          const [from, to] = [plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x')]
          plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          now.current.onZoom?.(from, to)
        },
      ],
      setCursor: [plot => now.current.onPointer?.(plot.cursor.idx ?? null)],
    },
  }
}

const [SECOND, MINUTE, HOUR, DAY] = [1_000, 60_000, 3_600_000, 86_400_000]
const DATE = '\n{D} {MMM} {YYYY}'
const SHORT = '\n{D} {MMM}'

/** Marks beside the time: from which step on, how, and what is below where a year, a day or a minute begins. */
const times24: uPlot.Axis.Values = [
  [365 * DAY, '{YYYY}', null, null, null, null, null, null, 1],
  [28 * DAY, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [DAY, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [HOUR, '{HH}:{mm}', DATE, null, SHORT, null, null, null, 1],
  [MINUTE, '{HH}:{mm}', DATE, null, SHORT, null, null, null, 1],
  [SECOND, '{HH}:{mm}:{ss}', DATE, null, SHORT, null, null, null, 1],
  [1, ':{ss}.{fff}', `${DATE} {HH}:{mm}`, null, `${SHORT} {HH}:{mm}`, null, '\n{HH}:{mm}', null, 1],
]

/** Each line with its spikes behind it, which are a band without an edge. */
function drawing(lines: PlotLine[], css: (name: string) => string) {
  const series: uPlot.Series[] = []
  const bands: uPlot.Band[] = []
  for (const { name, colour, dots, steps, low, high } of lines) {
    const stroke = () => css(colour)
    series.push({
      label: name,
      stroke,
      width: 1.5,
      points: dots ? { show: true, size: 4, fill: stroke } : {},
      ...(steps && uPlot.paths.stepped ? { paths: uPlot.paths.stepped({ align: 1 }) } : {}),
    })
    if (!low || !high) continue
    const at = series.length
    const edge: uPlot.Series = { label: `${name}, spikes`, width: 0, points: { show: false } }
    series.push(edge, { ...edge })
    // the variables of series have six digits, to which two for how faint it is are added
    bands.push({ series: [at + 2, at + 1], fill: () => `${css(colour)}2e` })
  }
  return { series, bands }
}

/** Numbers beside an axis, short: 12.5k, 3.2M. */
export function short(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 0.001 || size >= 1e15)) return value.toExponential(1)
  for (const [unit, name] of [
    [1e12, 'T'],
    [1e9, 'G'],
    [1e6, 'M'],
    [1e4, 'k'],
  ] as const) {
    if (size >= unit) return `${Number((value / (name === 'k' ? 1e3 : unit)).toPrecision(4))}${name}`
  }
  return String(Number(value.toPrecision(6)))
}
