/** Each kind of widget with values, without, stale and refused: it says what it has to, and everybody can read it. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Account, shows } from './support/account'
import { launch, visitor } from './support/browser'
import { Device } from './support/device'
import { hold } from './support/hold'
import { Server } from './support/server'

let server: Server
let browser: Browser

beforeAll(async () => {
  server = await Server.start()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await server?.remove()
})

const widget = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true })
const value = (page: Page, title: string) => widget(page, title).getByTestId('value')
const at = (x: number, y: number, w: number, h: number) => ({ grid_position: { x, y, w, h } })
const thresholds = [
  { from: 0, state: 'ok', word: 'Normal' },
  { from: 60, state: 'warn', word: 'Hot' },
  { from: 80, state: 'bad', word: 'Shut down' },
]

test('every kind shows its values', async () => {
  const { page, complaints } = await visitor(browser)
  const account = await Account.signUp(page, server.url, 'ada@example.org')
  const { id, token } = await account.device('boiler')
  const dashboard = await account.dashboard('Boiler house', [
    shows(id, 'temperature', 'time_series', {
      title: 'Lines',
      ...at(0, 0, 6, 4),
      widget_config: { thresholds, unit: '°C' },
    }),
    shows(id, 'return', 'time_series', {
      title: 'return',
      widget_config: { part_of: 'time_series-temperature' },
    }),
    shows(id, 'pressure', 'stat_panel', {
      title: 'Number',
      ...at(6, 0, 3, 3),
      widget_config: { decimals: 2 },
    }),
    shows(id, 'temperature', 'gauge', {
      title: 'Dial',
      ...at(9, 0, 3, 4),
      widget_config: { thresholds, min: 0, max: 100 },
    }),
    shows(id, 'power', 'bar_chart', { title: 'Bars', ...at(0, 4, 4, 4), widget_config: { decimals: 1 } }),
    shows(id, 'pressure', 'bar_chart', {
      widget_id: 'bar2',
      title: 'pressure',
      widget_config: { part_of: 'bar_chart-power' },
    }),
    shows(id, 'phases', 'pie_chart', { title: 'Shares', ...at(4, 4, 4, 4) }),
    shows(id, 'temperature', 'table', { title: 'Rows', ...at(8, 4, 4, 5), widget_config: { thresholds } }),
    shows(id, 'temperature', 'histogram', { title: 'Spread', ...at(0, 8, 4, 4) }),
    shows(id, 'power', 'xy_chart', { title: 'Together', ...at(4, 8, 4, 5) }),
    shows(id, 'temperature', 'xy_chart', { title: 'warmth', widget_config: { part_of: 'xy_chart-power' } }),
    shows(id, 'temperature', 'trend_chart', {
      title: 'Heading',
      ...at(8, 9, 4, 4),
      widget_config: { per: 'h' },
    }),
    shows(id, 'door', 'status', {
      title: 'Door',
      ...at(6, 3, 3, 1.0 + 1),
      widget_config: {
        meanings: [
          { value: 'true', state: 'warn', word: 'Open' },
          { value: 'false', state: 'ok', word: 'Closed' },
        ],
      },
    }),
    shows(id, 'door', 'switch', { title: 'Pump', ...at(0, 12, 3, 3) }),
    shows(id, 'door', 'button', { title: 'Start it', ...at(3, 13, 3, 3) }),
    shows(id, 'temperature', 'slider', {
      title: 'Set point',
      ...at(6, 13, 3, 3),
      widget_config: { unit: '°C' },
    }),
    {
      widget_id: 'note',
      title: 'Note',
      widget_type: 'text',
      data_source_type: 'static',
      static_value: 4,
      ...at(9, 13, 3, 3),
      widget_config: {
        text: '# Night shift\nCall **Ada** at {value} bar, <b>not</b> before.\n- pump\n- valve',
      },
    },
  ])
  const device = await Device.connect(server.url, token)
  const now = Date.now()
  for (let n = 0; n < 120; n++) {
    const temperature = 55 + 20 * Math.sin(n / 15) + (n % 7) / 3
    await device.send(
      {
        temperature: [n === 119 ? 61.5 : temperature, 'C'],
        return: [temperature - 12 - (n % 5) / 2, 'C'],
        pressure: [1.2 + n / 100, 'bar'],
        power: [3.5 + Math.sin(n / 15 + 0.4), 'kW'],
        phases: [{ L1: 12, L2: 15, L3: 9 + (n % 3) }],
        door: [n % 20 < 10],
      },
      now - (119 - n) * 2_000,
    )
  }
  await page.goto(`${server.url}/dashboards/${dashboard}`)
  await widget(page, 'Lines').getByText('61.5 °C').waitFor()
  await value(page, 'Number').getByText('2.39').waitFor()
  await value(page, 'Dial').getByText('61.5').waitFor()
  await widget(page, 'Dial').getByText('Hot').waitFor()
  await widget(page, 'Bars').getByText('pressure').waitFor()
  await widget(page, 'Shares').getByText('L3').waitFor()
  await widget(page, 'Rows').getByRole('row').nth(20).waitFor()
  await widget(page, 'Spread').getByText('120 values').waitFor()
  await widget(page, 'Heading').getByTestId('slope').waitFor()
  await widget(page, 'Door').getByText('Closed').waitFor()
  await widget(page, 'Note').getByText('Call Ada at 4 bar, <b>not</b> before.').waitFor()
  expect(await widget(page, 'Set point').getByText('take no values from people').count()).toBe(1)
  await hold(page, 'widgets', true)
  device.close()
  expect(complaints).toEqual([])
})
