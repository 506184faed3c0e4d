/**
 * The kinds of widgets: name, picture, size and configuration of each, and what a form asks for it. A form shows `fields`; keys are
 * those of `widget_config`, and an empty field is left out of it.
 */
import type { ComponentType } from 'react'
import * as icons from './icons'
import type { WidgetType } from './model'

interface Base {
  key: string
  label: string
  /** What it does, in a sentence. */
  help?: string
}

export type Field = Base &
  (
    | {
        kind: 'number'
        least?: number
        most?: number
        step?: number
        placeholder?: string
        isWhole?: boolean
      }
    | { kind: 'text'; most: number; placeholder?: string; isLong?: boolean }
    | { kind: 'choice'; choices: readonly { value: string; label: string }[]; otherwise: string }
    | { kind: 'flag'; otherwise: boolean }
    /** One of the colours of series, from 1; empty: by its place. */
    | { kind: 'colour' }
    /** A list of `{from, state, word}`; `state` is one of `STATES` of config.ts. */
    | { kind: 'thresholds' }
    /** A list of `{value, state, word}`. */
    | { kind: 'meanings' }
  )

export interface Kind {
  type: WidgetType
  name: string
  /** What one takes it for. */
  purpose: string
  Icon: ComponentType
  /** Cells of a grid of 12 columns. */
  size: { w: number; h: number; minW: number; minH: number }
  /** `widget_config` of a new one. */
  config: Record<string, unknown>
  fields: readonly Field[]
  /** How many series it draws: one, or as many as it has parts (see `partOf`), or none at all. */
  series: 'none' | 'one' | 'many'
  /** Whether what it shows is a stretch of time, so that it has a range and a rate. */
  isOverTime: boolean
}

const unit: Field = {
  kind: 'text',
  key: 'unit',
  label: 'Unit',
  help: 'Stands behind the value. Empty: the unit that comes with it.',
  most: 16,
  placeholder: '°C',
}
const decimals: Field = {
  kind: 'number',
  key: 'decimals',
  label: 'Decimals',
  least: 0,
  most: 10,
  isWhole: true,
}
const least: Field = { kind: 'number', key: 'min', label: 'Lowest value', help: 'Empty: as the values are.' }
const most: Field = { kind: 'number', key: 'max', label: 'Highest value', help: 'Empty: as the values are.' }
const thresholds: Field = {
  kind: 'thresholds',
  key: 'thresholds',
  label: 'Thresholds',
  help: 'From a value on it is OK, a warning or an alarm, in your word for it.',
}
const stale: Field = {
  kind: 'number',
  key: 'stale_s',
  label: 'Stale after, in seconds',
  help: 'Without a value for so long it is dimmed. Empty: a minute, or three refresh intervals.',
  least: 1,
  most: 604_800,
}
const rate: Field = {
  kind: 'number',
  key: 'hz',
  label: 'Values a second',
  help: 'What comes faster is folded, and spikes stay visible. Empty: one in the refresh interval.',
  least: 0.1,
  most: 50,
}
const span: Field = {
  kind: 'number',
  key: 'span_s',
  label: 'Own range, in seconds',
  help: 'While the dashboard is live. Empty: the range of the dashboard.',
  least: 1,
  most: 86_400,
}
const label: Field = {
  kind: 'text',
  key: 'label',
  label: 'Name of its own series',
  help: 'Beside other series. Empty: the title.',
  most: 60,
}
const colour: Field = { kind: 'colour', key: 'colour', label: 'Colour' }
const common = [unit, decimals, thresholds, stale, rate] as const
const overTime = [...common, span] as const

/** Of a widget that is part of another. */
export const PART_FIELDS: readonly Field[] = [colour, unit, decimals, rate]

const off: Field = { kind: 'text', key: 'off', label: 'Word for off', most: 30, placeholder: 'Off' }
const on: Field = { kind: 'text', key: 'on', label: 'Word for on', most: 30, placeholder: 'On' }

export const KINDS: readonly Kind[] = [
  {
    type: 'time_series',
    name: 'Time series',
    purpose: 'Lines over time, with spikes and gaps as they were.',
    Icon: icons.LinesIcon,
    size: { w: 6, h: 4, minW: 3, minH: 3 },
    config: {},
    fields: [
      label,
      {
        kind: 'choice',
        key: 'style',
        label: 'Drawn as',
        choices: [
          { value: 'line', label: 'Lines' },
          { value: 'step', label: 'Steps' },
          { value: 'points', label: 'Points' },
        ],
        otherwise: 'line',
      },
      { kind: 'flag', key: 'fill', label: 'Fill below the line', otherwise: false },
      { kind: 'flag', key: 'legend', label: 'Show names and values below', otherwise: true },
      least,
      most,
      colour,
      ...overTime,
    ],
    series: 'many',
    isOverTime: true,
  },
  {
    type: 'bar_chart',
    name: 'Bars',
    purpose: 'The newest value of each series side by side, or the numbers of an object.',
    Icon: icons.BarsIcon,
    size: { w: 4, h: 4, minW: 2, minH: 2 },
    config: {},
    fields: [label, least, most, colour, ...common],
    series: 'many',
    isOverTime: false,
  },
  {
    type: 'gauge',
    name: 'Gauge',
    purpose: 'One value on its scale, with the thresholds on it.',
    Icon: icons.GaugeIcon,
    size: { w: 3, h: 4, minW: 2, minH: 3 },
    config: { min: 0, max: 100 },
    fields: [{ ...least, help: 'Empty: 0.' }, { ...most, help: 'Empty: 100.' }, ...common],
    series: 'one',
    isOverTime: false,
  },
  {
    type: 'stat_panel',
    name: 'Value',
    purpose: 'One value, large, with its way there.',
    Icon: icons.StatIcon,
    size: { w: 3, h: 3, minW: 2, minH: 2 },
    config: {},
    fields: [
      { kind: 'flag', key: 'sparkline', label: 'Show its way there', otherwise: true },
      { kind: 'flag', key: 'change', label: 'Show how much it changed over the range', otherwise: true },
      colour,
      ...overTime,
    ],
    series: 'one',
    isOverTime: true,
  },
  {
    type: 'pie_chart',
    name: 'Shares',
    purpose: 'What part of the whole each series is now, or each number of an object.',
    Icon: icons.PieIcon,
    size: { w: 4, h: 4, minW: 2, minH: 3 },
    config: {},
    fields: [label, unit, decimals, colour, stale, rate],
    series: 'many',
    isOverTime: false,
  },
  {
    type: 'table',
    name: 'Table',
    purpose: 'The newest values, one below the other.',
    Icon: icons.TableIcon,
    size: { w: 4, h: 5, minW: 2, minH: 3 },
    config: {},
    fields: [
      label,
      { kind: 'number', key: 'rows', label: 'Rows', least: 1, most: 200, placeholder: '50', isWhole: true },
      ...common,
    ],
    series: 'many',
    isOverTime: false,
  },
  {
    type: 'histogram',
    name: 'Histogram',
    purpose: 'How often which values came in the range.',
    Icon: icons.HistogramIcon,
    size: { w: 4, h: 4, minW: 3, minH: 3 },
    config: {},
    fields: [
      { kind: 'number', key: 'bins', label: 'Bars', least: 2, most: 60, placeholder: '20', isWhole: true },
      least,
      most,
      unit,
      decimals,
      colour,
      stale,
      rate,
      span,
    ],
    series: 'one',
    isOverTime: true,
  },
  {
    type: 'xy_chart',
    name: 'X against Y',
    purpose: 'How series go with the first one: each value above what the first was at that time.',
    Icon: icons.XyIcon,
    size: { w: 5, h: 5, minW: 3, minH: 3 },
    config: {},
    fields: [
      label,
      {
        kind: 'choice',
        key: 'style',
        label: 'Drawn as',
        choices: [
          { value: 'points', label: 'Points' },
          { value: 'line', label: 'A line in the order of time' },
        ],
        otherwise: 'points',
      },
      { ...least, key: 'x_min', label: 'Lowest x' },
      { ...most, key: 'x_max', label: 'Highest x' },
      { ...least, label: 'Lowest y' },
      { ...most, label: 'Highest y' },
      unit,
      decimals,
      stale,
      rate,
      span,
    ],
    series: 'many',
    isOverTime: true,
  },
  {
    type: 'trend_chart',
    name: 'Trend',
    purpose: 'Where a value is heading: its line, and how fast it rises or falls.',
    Icon: icons.TrendIcon,
    size: { w: 4, h: 4, minW: 3, minH: 3 },
    config: {},
    fields: [
      {
        kind: 'choice',
        key: 'per',
        label: 'Told for each',
        choices: [
          { value: 's', label: 'Second' },
          { value: 'min', label: 'Minute' },
          { value: 'h', label: 'Hour' },
          { value: 'd', label: 'Day' },
        ],
        otherwise: 'min',
      },
      {
        kind: 'number',
        key: 'steady',
        label: 'Steady below',
        help: 'A smaller change in that time is told as steady. Empty: 1 % of what the values span.',
        least: 0,
      },
      colour,
      ...overTime,
    ],
    series: 'one',
    isOverTime: true,
  },
  {
    type: 'status',
    name: 'Status',
    purpose: 'A word and an icon for what a value means.',
    Icon: icons.StatusIcon,
    size: { w: 2, h: 2, minW: 2, minH: 2 },
    config: {},
    fields: [
      label,
      {
        kind: 'meanings',
        key: 'meanings',
        label: 'What values mean',
        help: 'A value as it is sent, such as true, open or 3, and your word for it.',
      },
      ...common,
    ],
    series: 'many',
    isOverTime: false,
  },
  {
    type: 'switch',
    name: 'Switch',
    purpose: 'Something that is on or off.',
    Icon: icons.SwitchIcon,
    size: { w: 2, h: 2, minW: 2, minH: 2 },
    config: {},
    fields: [on, off, stale],
    series: 'one',
    isOverTime: false,
  },
  {
    type: 'button',
    name: 'Button',
    purpose: 'Something that is set off by pressing.',
    Icon: icons.ButtonIcon,
    size: { w: 2, h: 2, minW: 2, minH: 2 },
    config: {},
    fields: [
      { kind: 'text', key: 'word', label: 'What stands on it', most: 30, placeholder: 'Start' },
      stale,
    ],
    series: 'one',
    isOverTime: false,
  },
  {
    type: 'slider',
    name: 'Slider',
    purpose: 'A value that is set within bounds.',
    Icon: icons.SliderIcon,
    size: { w: 3, h: 2, minW: 2, minH: 2 },
    config: { min: 0, max: 100, step: 1 },
    fields: [
      { ...least, help: 'Empty: 0.' },
      { ...most, help: 'Empty: 100.' },
      { kind: 'number', key: 'step', label: 'Step', help: 'Empty: 1.' },
      unit,
      decimals,
      stale,
    ],
    series: 'one',
    isOverTime: false,
  },
  {
    type: 'text',
    name: 'Text',
    purpose: 'Words on the dashboard, with the value among them if you like.',
    Icon: icons.TextIcon,
    size: { w: 3, h: 2, minW: 1, minH: 1 },
    config: {},
    fields: [
      {
        kind: 'text',
        key: 'text',
        label: 'Text',
        help: 'A line that begins with # is a heading, with - an item of a list; **words** are bold. {value} is the value. Empty: the value alone.',
        most: 8_000,
        isLong: true,
      },
      unit,
      decimals,
      stale,
    ],
    series: 'one',
    isOverTime: false,
  },
]

const byType = new Map(KINDS.map(kind => [kind.type, kind]))

export function kindOf(type: WidgetType): Kind {
  const kind = byType.get(type)
  if (!kind) throw new Error(`there is no kind of widget called ${type}`)
  return kind
}
