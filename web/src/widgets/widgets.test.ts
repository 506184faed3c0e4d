/** What a widget reads from its configuration, how it judges, and what it can show. */
import { expect, test } from 'vitest'
import type { Feed } from '../live/feed'
import { Ring } from '../live/ring'
import { amountsOf, sharesOf } from './amounts'
import { conditionOf, staleMs } from './condition'
import { Config, judge } from './config'
import { judged, said, saidOnScale } from './format'
import { KINDS, kindOf } from './kinds'
import { type DrawnWidget, membersOf, sourceOf } from './model'
import { blocksOf } from './prose'
import type { Series, Track } from './series'

function widget(more: Partial<DrawnWidget> = {}): DrawnWidget {
  return {
    id: 'id',
    widget_id: 'w',
    title: 'W',
    widget_type: 'gauge',
    widget_config: {},
    aggregation: 'last',
    refresh_interval: 1_000,
    max_samples: 50,
    ...more,
  }
}

function track(values: readonly (readonly [number, unknown])[], more: Partial<Track> = {}): Track {
  const ring = new Ring(100)
  for (const [ts, value] of values) ring.push(ts, value)
  const base = { ring, unit: undefined, trouble: undefined, version: 1, received: 0, bucketMs: undefined }
  return { ...base, isReady: true, listen: () => () => {}, ...more } as Track
}

const trouble = { code: 'forbidden', message: 'no' } satisfies NonNullable<Feed['trouble']>

test('what somebody else wrote into a configuration breaks nothing', () => {
  const config = new Config({
    widget_config: {
      min: 'low',
      max: Number.NaN,
      decimals: 99,
      unit: 7,
      thresholds: [
        { from: 9, state: 'bad', word: '' },
        null,
        3,
        { from: 'x', state: 'ok' },
        { from: 1, state: 'pink' },
        { from: 2, state: 'ok' },
      ],
      meanings: 'none',
    },
  })
  expect([config.number('min'), config.number('max'), config.unit, config.decimals]).toEqual([
    undefined,
    undefined,
    undefined,
    10,
  ])
  expect(config.thresholds).toEqual([
    { from: 2, state: 'ok', word: 'OK' },
    { from: 9, state: 'bad', word: 'Alarm' },
  ])
  expect(config.meanings).toEqual([])
  expect(config.count('rows', 50, 1, 200)).toBe(50)
})

test('a value is judged by its meaning, else by the highest threshold that it has reached', () => {
  const config = new Config({
    widget_config: {
      thresholds: [
        { from: 60, state: 'warn', word: 'Hot' },
        { from: 80, state: 'bad', word: 'Stop' },
      ],
      meanings: [{ value: 'open', state: 'warn', word: 'Open' }],
    },
  })
  const words = [59.9, 60, 79, 80, 'open', 'shut', { a: 1 }].map(value => judged(value, config)?.word)
  expect(words).toEqual([undefined, 'Hot', 'Hot', 'Stop', 'Open', undefined, undefined])
  expect(judge(5, [])).toBeUndefined()
})

test('numbers have the decimals that were chosen, and scales no more than they need', () => {
  const told = [
    said(1.005, 2),
    said(-0.001, 1),
    said(null, 2),
    said(Number.NaN, 0),
    said('on', 2),
    said(0.1 + 0.2, undefined),
  ]
  expect(told).toEqual(['1.00', '0.0', '–', '–', 'on', '0.3'])
  const scale = [
    saidOnScale(0.25, 0.05, undefined),
    saidOnScale(20, 10, undefined),
    saidOnScale(2_500_000, 5e5, 2),
  ]
  expect(scale).toEqual(['0.25', '20', '2.5e+6'])
})

test('every kind of the API is described once, and its fields have their defaults', () => {
  const types = KINDS.map(({ type }) => type)
  expect(new Set(types).size).toBe(14)
  for (const { fields, config, type, size } of KINDS) {
    const keys = fields.map(({ key }) => key)
    expect(new Set(keys).size, type).toBe(keys.length)
    for (const key of Object.keys(config)) expect(keys, type).toContain(key)
    expect(size.w, type).toBeGreaterThanOrEqual(size.minW)
  }
  expect(kindOf('gauge').name).toBe('Gauge')
})

test('parts are drawn by the widget that they are part of', () => {
  const host = widget({ id: '', widget_id: 'a' })
  const part = widget({ id: '', widget_id: 'b', widget_config: { part_of: 'a' } })
  const other = widget({ id: '', widget_id: 'c', widget_config: { part_of: 'z' } })
  expect(membersOf(host, [other, host, part])).toEqual([host, part])
})

test('a widget that is not made yet is fed by its source itself', () => {
  expect(sourceOf(widget({ device_id: 'd', sensor_type: 's' }))).toEqual({ widget: 'id' })
  expect(sourceOf(widget({ id: '', device_id: 'd', sensor_type: 's' }))).toEqual({ device: 'd', sensor: 's' })
  expect(sourceOf(widget({ id: '', flow_id: 'f', node_id: 'n', output_field: 'x' }))).toEqual({
    flow: 'f',
    node: 'n',
    field: 'x',
  })
  expect(sourceOf(widget({ id: '' }))).toBeUndefined()
})

test('a widget says what it has: nothing yet, nothing at all, old values, or why not', () => {
  const now = 1_000_000
  const at = (tracks: (Track | undefined)[], of = widget(), isLive = true) =>
    conditionOf(of, tracks, isLive, now).kind
  expect(at([undefined])).toBe('unfed')
  expect(at([undefined], widget({ data_source_type: 'static' }))).toBe('shown')
  expect(at([track([], { isReady: false })])).toBe('loading')
  expect(at([track([])])).toBe('empty')
  expect(at([track([], { trouble })])).toBe('trouble')
  expect(at([track([[now - 1_000, 1]])])).toBe('shown')
  expect(at([track([[now - 61_000, 1]])])).toBe('stale')
  expect(at([track([[now - 61_000, 1]])], widget(), false)).toBe('shown')
  expect(at([track([[now - 61_000, 1]]), track([[now, 1]])])).toBe('shown')
  expect(at([track([[now, 1]], { trouble }), track([[now, 1]])])).toBe('shown')
  expect(at([track([[now, 1]], { trouble })])).toBe('trouble')
  expect(at([track([])], widget({ widget_type: 'text', widget_config: { text: 'hello' } }))).toBe('shown')
})

test('a value is old after what was chosen, else after a minute or three intervals', () => {
  expect(staleMs(widget())).toBe(60_000)
  expect(staleMs(widget({ refresh_interval: 60_000 }))).toBe(180_000)
  expect(staleMs(widget({ widget_config: { stale_s: 5 } }))).toBe(5_000)
  expect(staleMs(widget({ data_source_type: 'static' }))).toBe(Number.POSITIVE_INFINITY)
})

const series = (tracks: (Track | undefined)[]): Series[] =>
  tracks.map((track, n) => ({ widget: widget(), label: `s${n}`, colour: n + 1, unit: undefined, track }))

test('the numbers of an object are amounts, and so are several series', () => {
  const object = amountsOf(series([track([[1, { L1: 1, name: 'x', L2: 3 }]])]))
  expect(object.map(({ label, value, colour }) => [label, value, colour])).toEqual([
    ['L1', 1, 1],
    ['L2', 3, 2],
  ])
  const several = amountsOf(series([track([[1, 2]]), track([]), undefined]))
  expect(several.map(({ value }) => value)).toEqual([2, Number.NaN, Number.NaN])
})

test('shares come to a whole, and what is less than nothing is no part of it', () => {
  const shares = sharesOf(amountsOf(series([track([[1, 1]]), track([[1, -5]]), track([[1, 3]]), track([])])))
  expect(shares.map(({ label, from, share }) => [label, from, share])).toEqual([
    ['s0', 0, 0.25],
    ['s2', 0.25, 0.75],
  ])
})

test('a text has headings, lists and bold words, and everything else as it stands', () => {
  const plain = (text: string) => ({ text, isBold: false })
  expect(blocksOf('# Shift\nCall **Ada** <b>now</b>\nor ** wait\n\n- one\n- two')).toEqual([
    { kind: 'heading', spans: [plain('Shift')] },
    {
      kind: 'paragraph',
      spans: [plain('Call '), { text: 'Ada', isBold: true }, plain(' <b>now</b>\nor ** wait')],
    },
    { kind: 'list', items: [[plain('one')], [plain('two')]] },
  ])
})
