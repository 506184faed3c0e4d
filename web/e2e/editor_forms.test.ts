/** Every kind of node that the server has: added, its form filled in by hand, saved, and nothing wrong with what was saved. */
import type { Locator } from 'playwright-core'
import { expect, test } from 'vitest'
import { hold } from './support/look'
import { people } from './support/people'

const someone = people()

type Fill = (form: Locator, device: string) => Promise<void>

const text =
  (label: string, value: string): Fill =>
  async form => {
    await form.getByRole('textbox', { name: label, exact: true }).fill(value)
  }
const choose =
  (label: string, value: string): Fill =>
  async form => {
    await form.getByRole('combobox', { name: label, exact: true }).selectOption(value)
  }
const words =
  (label: string, ...values: string[]): Fill =>
  async form => {
    const field = form
      .getByRole('combobox', { name: label, exact: true })
      .or(form.getByRole('textbox', { name: label, exact: true }))
    for (const value of values) {
      await field.fill(value)
      await field.press('Enter')
    }
    await field.blur()
  }
const tick =
  (label: string): Fill =>
  form =>
    form.getByRole('checkbox', { name: label }).check()
const press =
  (name: string): Fill =>
  async form => {
    // what the check says appears above the button, and would move it away under the mouse
    await form.page().locator('[data-fresh="true"]').waitFor()
    await form.getByRole('button', { name, exact: true }).click()
  }
const pickDevice =
  (label: string): Fill =>
  async form => {
    const page = form.page()
    await form.getByLabel(label).first().click()
    await page.keyboard.type('boil')
    await page.getByRole('option', { name: 'boiler', exact: true }).click()
  }
/** A name that is suggested, because the device has sent it, or any other one. */
const typed =
  (label: string, value: string): Fill =>
  async form => {
    const field = form.getByLabel(label).first()
    await field.fill(value)
    await field.press('Escape')
  }

interface Form {
  title: string
  fill: Fill[]
  data: (device: string) => object
}

const forms: Record<string, Form> = {
  'device-sensor': {
    title: 'Device sensor',
    fill: [pickDevice('Devices'), words('Sensors', 'temperature', 'pressure')],
    data: device => ({ devices: [device], sensors: ['temperature', 'pressure'] }),
  },
  device: {
    title: 'Device',
    fill: [pickDevice('Device'), typed('Variable', 'temperature'), text('Data type', 'number')],
    data: device => ({ deviceUuid: device, variable: 'temperature', dataType: 'number' }),
  },
  filter: {
    title: 'Filter',
    fill: [text('Expression', "value > 30.0 && unit == 'C'")],
    data: () => ({ expression: "value > 30.0 && unit == 'C'" }),
  },
  switch: {
    title: 'Switch',
    fill: [
      press('Add case'),
      text('Case 1, name', 'hot'),
      text('Case 1, expression', 'value > 80.0'),
      press('Add case'),
      text('Case 2, name', 'cold'),
      text('Case 2, expression', 'value < 5.0'),
      press('Move Case 2 up'),
      choose('Leave by', 'all'),
    ],
    data: () => ({
      cases: [
        { name: 'cold', expression: 'value < 5.0' },
        { name: 'hot', expression: 'value > 80.0' },
      ],
      mode: 'all',
    }),
  },
  validate: {
    title: 'Validate',
    fill: [
      words('Types', 'number', 'bool'),
      text('At least', '-1.5'),
      text('At most', '9'),
      text('Largest step', '0.5'),
      text('Any step is good after', '5m'),
    ],
    data: () => ({ types: ['number', 'bool'], min: -1.5, max: 9, maxStep: 0.5, maxGap: '5m' }),
  },
  compute: {
    title: 'Compute',
    fill: [
      press('Add assignment'),
      text('Assignment 1', 'double = value * 2.0'),
      press('Add assignment'),
      text('Assignment 2', 'output = fields.double'),
      async form => {
        await form
          .getByRole('combobox', { name: 'Form of Assignment 2' })
          .selectOption({ label: 'name and expression' })
      },
      text('Assignment 2, name', 'output'),
      text('Unit of the output', 'C'),
    ],
    data: () => ({
      assignments: ['double = value * 2.0', { name: 'output', expression: 'fields.double' }],
      unit: 'C',
    }),
  },
  scale: {
    title: 'Scale',
    fill: [
      choose('Map', 'table'),
      press('Add point'),
      text('Point 1, out', '4'),
      press('Add point'),
      text('Point 2, in', '10'),
      text('Point 2, out', '20.5'),
      choose('Outside the table', 'error'),
    ],
    data: () => ({
      mode: 'table',
      points: [
        [0, 4],
        [10, 20.5],
      ],
      outside: 'error',
    }),
  },
  split: {
    title: 'Split',
    fill: [
      text('Path to the list', 'readings'),
      words('Keys of elements that become fields', 'at', 'by'),
      text('Elements at most', '10'),
    ],
    data: () => ({ path: 'readings', keys: ['at', 'by'], limit: 10 }),
  },
  deadband: {
    title: 'Deadband',
    fill: [text('Band', '0.5'), text('Longest silence', '1m')],
    data: () => ({ absolute: 0.5, maxSilence: '1m' }),
  },
  throttle: {
    title: 'Throttle',
    fill: [text('Period', '5000'), choose('Which', 'last')],
    data: () => ({ period: 5000, mode: 'last' }),
  },
  dedupe: {
    title: 'Remove duplicates',
    fill: [text('Forget after', '1h'), text('Values remembered', '8')],
    data: () => ({ ttl: '1h', values: 8 }),
  },
  'moving-average': {
    title: 'Moving average',
    fill: [
      choose('Method', 'median'),
      text('Values', '5'),
      text('Duration', '30s'),
      tick('Begin empty when a version is deployed'),
    ],
    data: () => ({ method: 'median', windowSize: 5, duration: '30s', resetOnStart: true }),
  },
  'min-max': {
    title: 'Minimum and maximum',
    fill: [choose('Value', 'max'), text('Values', '4')],
    data: () => ({ mode: 'max', windowSize: 4 }),
  },
  rate: {
    title: 'Rate',
    fill: [
      choose('Per', 'minute'),
      choose('Kind of value', 'counter'),
      text('Wraps at', '65536'),
      text('Longest gap', '10s'),
    ],
    data: () => ({ per: 'minute', mode: 'counter', wrapAt: 65536, maxGap: '10s' }),
  },
  window: {
    title: 'Window',
    fill: [
      choose('Kind', 'hopping'),
      text('Size', '5m'),
      text('Hop', '1m'),
      words('Aggregates', 'avg', 'p95'),
      text('Lateness', '2s'),
      choose('Empty windows', 'previous'),
    ],
    data: () => ({
      type: 'hopping',
      size: '5m',
      hop: '1m',
      aggregates: ['avg', 'p95'],
      lateness: '2s',
      empty: 'previous',
    }),
  },
  combine: {
    title: 'Combine',
    fill: [words('Inputs', 'supply', 'return'), choose('Of', 'all'), text('Result with', 'supply')],
    data: () => ({ inputs: ['supply', 'return'], by: 'all', trigger: 'supply' }),
  },
  'interval-join': {
    title: 'Join by time',
    fill: [text('Tolerance', '1s'), text('Lateness', '2s')],
    data: () => ({ tolerance: '1s', lateness: '2s' }),
  },
  display: {
    title: 'Display',
    fill: [text('Display as', 'gauge'), text('Decimals', '2'), text('Unit', 'C')],
    data: () => ({ displayType: 'gauge', precision: 2, unit: 'C' }),
  },
  debug: { title: 'Debug', fill: [choose('Level', 'warning')], data: () => ({ logLevel: 'warning' }) },
  store: {
    title: 'Store',
    fill: [text('Series', 'boiler.mean'), choose('Series per', 'device')],
    data: () => ({ series: 'boiler.mean', by: 'device' }),
  },
  comment: {
    title: 'Comment',
    fill: [text('Text', 'why this is so')],
    data: () => ({ text: 'why this is so' }),
  },
}

test('every kind of node is added, configured, saved and checked', { timeout: 240_000 }, async () => {
  const { page, owner, complaints } = await someone()
  const { id: device } = await owner.device('boiler')
  await owner.device('chiller')
  const { items } = await owner.get<{ items: { kind: string; title: string }[] }>('/api/v1/node-types')
  // a kind that the server has and this test does not is not left out
  expect(items.map(({ kind }) => kind).sort()).toEqual(Object.keys(forms).sort())
  const flow = await owner.flow('All kinds')
  const editor = await owner.open(flow)
  const search = page.getByRole('searchbox', { name: 'Search nodes to add' })
  const form = editor.inspector
  for (const [kind, { title, fill }] of Object.entries(forms)) {
    await search.fill(kind)
    await page
      .getByRole('region', { name: 'Palette' })
      .getByRole('button', { name: title, exact: true })
      .press('Enter')
    await page.getByText(`${title} added`).waitFor()
    for (const [n, act] of fill.entries()) {
      await act(form, device).catch(async (error: unknown) => {
        throw new Error(`${kind}, ${n}: ${error}\n${await form.ariaSnapshot()}`)
      })
    }
    if (['switch', 'compute', 'scale', 'device-sensor'].includes(kind)) await hold(page, `form-${kind}`)
  }
  await form.getByRole('tab', { name: 'Help' }).click()
  await form.getByText('A note on the canvas.').waitFor()
  await editor.save()
  const saved = await owner.saved(flow)
  for (const { id, type, data } of saved.nodes) expect(data, id).toEqual(forms[type]?.data(device))
  expect(saved.nodes.length).toBe(items.length)
  // nothing is wrong with a configuration; that nothing leads into them is
  const { problems } = await owner.problems(flow)
  expect(problems.filter(({ message }) => !message.includes('nothing is connected'))).toEqual([])
  expect(complaints).toEqual([])
})

test('what the check says stands at its field, and leads there from the list of problems', async () => {
  const { page, owner, complaints } = await someone()
  const at = (x: number) => ({ position: { x, y: 0 } })
  const flow = await owner.flow('Wrong', {
    nodes: [
      {
        id: 'source',
        type: 'device-sensor',
        ...at(0),
        data: { devices: ['00000000-0000-7000-8000-000000000000'] },
      },
      { id: 'cases', type: 'switch', ...at(264), data: { cases: [{ name: 'hot', expression: 'value > ' }] } },
      { id: 'old', type: 'no-such-kind', ...at(528), data: { kept: true } },
    ],
    edges: [
      { id: 'e1', source: 'source', target: 'cases' },
      { id: 'e2', source: 'cases', target: 'old', sourceHandle: 'warm' },
    ],
  })
  const editor = await owner.open(flow)
  await editor
    .node('cases')
    .getByText(/problem/)
    .waitFor()
  await page.getByRole('tab', { name: /problem/ }).click()
  await hold(page, 'editor-problems')
  await page.getByRole('button', { name: /cases\[0\].expression/ }).click()
  await editor.inspector.getByText(/Syntax error/).waitFor()
  // and there is the keyboard
  await page.waitForFunction(
    () => document.activeElement?.getAttribute('aria-label') === 'Case 1, expression',
  )
  await hold(page, 'editor-wrong')
  // an edge from a port that is not there any more is still there to be seen and deleted
  expect(await page.locator('.react-flow__edge').count()).toBe(2)
  await editor.inspector.getByRole('button', { name: 'Remove the edge to no-such-kind' }).click()
  await editor.inspector.getByRole('textbox', { name: 'Case 1, expression' }).fill('value > 3.0')
  await page.getByRole('button', { name: /cases\[0\].expression/ }).waitFor({ state: 'detached' })
  await editor.node('old').click()
  await editor.inspector.getByText('Unknown type “no-such-kind”').waitFor()
  await editor.save()
  expect((await owner.saved(flow)).nodes[2]?.data).toEqual({ kept: true })
  expect(complaints).toEqual([])
})
