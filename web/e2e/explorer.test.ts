/** From a file of readings to a chart of them, a link to it, and a file again: what the API says is what is seen. */
import { readFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Account } from './support/account'
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

const LONG_MS = 600_000
const PATIENCE = { timeout: 20_000 }
/** Of the readings that are imported, a minute apart: so many, up to a full hour that is over. */
const COUNT = 5_000
const END = Math.floor((Date.now() - 3_600_000) / 3_600_000) * 3_600_000
const START = END - COUNT * 60_000
const valueAt = (n: number) => Math.round(2_000 + 500 * Math.sin(n / 90)) / 100

const said = (page: Page) => page.getByTestId('said')

async function choose(page: Page, device: string, sensors: string[]): Promise<void> {
  const dialog = page.getByRole('dialog')
  await dialog.getByRole('combobox', { name: 'Device' }).fill(device)
  await page.getByRole('option', { name: device }).click()
  for (const sensor of sensors) await dialog.getByRole('checkbox', { name: sensor }).check()
  await page.keyboard.press('Escape')
  await dialog.waitFor({ state: 'detached' })
}

test(
  'a file comes in, is drawn, is looked at closer, and goes out again',
  async () => {
    const { page, complaints } = await visitor(browser, { timezoneId: 'Europe/Berlin' })
    const ada = await Account.signUp(page, server.url, 'ada@example.org')
    const boiler = await ada.device('boiler')
    await page.goto(`${server.url}/explore`)
    await page.getByRole('button', { name: 'Choose series' }).waitFor()
    await hold(page, 'explorer-empty')

    const lines = Array.from({ length: COUNT }, (_, n) => {
      const time = new Date(START + n * 60_000).toISOString()
      return `temperature,${n === 7 ? 'warm' : valueAt(n)},C,${time}`
    })
    const file = {
      name: 'boiler.csv',
      mimeType: 'text/csv',
      buffer: Buffer.from(`sensor_type,value,unit,timestamp\n${lines.join('\n')}\n`),
    }
    await page.getByRole('button', { name: 'Import' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.locator('input[type=file]').setInputFiles(file)
    await dialog.getByRole('combobox', { name: 'Device' }).fill('boil')
    await page.getByRole('option', { name: 'boiler' }).click()
    await dialog.getByRole('button', { name: 'Import' }).click()
    await dialog.getByText(`${COUNT - 1} stored, 1 refused`).waitFor()
    // the header is the first line
    const refused = dialog.getByRole('region', { name: 'Refused lines' }).getByRole('row').nth(1)
    expect(await refused.textContent()).toMatch(/^9value/)
    await hold(page, 'explorer-import')
    await dialog.getByRole('button', { name: 'Import' }).click()
    await expect
      .poll(() => dialog.getByRole('status').first().textContent(), PATIENCE)
      .toContain(`${COUNT - 1} skipped: this file was sent before`)
    await dialog.getByRole('button', { name: 'Close' }).last().click()

    await page.getByRole('button', { name: 'Choose series' }).click()
    await choose(page, 'boiler', ['temperature'])
    // it was all before the last hour
    await page.getByText('No readings in this range').waitFor()
    await page.getByRole('combobox', { name: 'Range' }).click()
    await page.getByRole('option', { name: 'Last 7 d' }).click()
    await page.waitForURL('**last=7d**')
    await said(page)
      .getByText(`${(COUNT - 1).toLocaleString('en-GB')} readings in buckets of`)
      .waitFor()
    await page.getByRole('img', { name: /boiler · temperature/ }).waitFor()
    await hold(page, 'explorer-buckets', true)

    // both ends typed, as the clock in Berlin shows them: ten hours, in which there are few enough to come one by one
    const field = (ts: number) => new Date(ts + berlinOffset(ts)).toISOString().slice(0, 16)
    await page.getByLabel('From', { exact: true }).fill(field(END - 36_000_000))
    await page.getByLabel('To', { exact: true }).fill(field(END))
    await page.getByRole('button', { name: 'Show', exact: true }).click()
    await said(page).getByText('600 readings, each as it came').waitFor()
    const address = new URL(page.url())
    expect([address.searchParams.get('from'), address.searchParams.get('to')]).toEqual([
      String(END - 36_000_000),
      String(END),
    ])
    await hold(page, 'explorer-raw', true)

    // drawn over: the middle third
    await page.setViewportSize({ width: 1280, height: 900 })
    const plot = page.getByRole('img', { name: /boiler · temperature/ }).locator('.u-over')
    const box = await plot.boundingBox()
    if (!box) throw new Error('the chart has no place')
    await page.mouse.move(box.x + box.width / 3, box.y + 50)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2, box.y + 60)
    await page.mouse.move(box.x + (2 * box.width) / 3, box.y + 50)
    await page.mouse.up()
    await expect
      .poll(() => {
        const { searchParams } = new URL(page.url())
        return Number(searchParams.get('to')) - Number(searchParams.get('from'))
      }, PATIENCE)
      .toBeLessThan(13_000_000)
    await said(page)
      .getByText(/^(19|20)\d readings, each as it came/)
      .waitFor()
    await page.mouse.move(box.x + box.width / 2, box.y + 50)
    await page
      .getByRole('region', { name: 'Series' })
      .getByText(/^\d+(\.\d+)? C$/)
      .waitFor()
    await page.goBack()
    await said(page).getByText('600 readings').waitFor()

    // buckets of an hour, by the API and by the table
    await page.getByRole('combobox', { name: 'Bucket', exact: true }).click()
    await page.getByRole('option', { name: '1h', exact: true }).click()
    await page.getByRole('combobox', { name: 'Value' }).click()
    await page.getByRole('option', { name: 'Largest' }).click()
    await page.getByText('Table', { exact: true }).click()
    await said(page).getByText('600 readings in buckets of 1h').waitFor()
    const rows = page.getByRole('region', { name: 'Values' }).getByRole('row')
    await expect.poll(() => rows.count(), PATIENCE).toBe(11)
    const shown = (await rows.allTextContents()).slice(1).map(row => row.replace(/^.*:\d\d:\d\d/, ''))
    type Series = { series: { max: number[] }[] }
    const range = `from=${END - 36_000_000}&to=${END}`
    const { series } = await ada.get<Series>(
      `/readings/series?series=${boiler.id}/temperature&${range}&bucket=1h&agg=max&tz=Europe/Berlin`,
    )
    expect(shown).toEqual(series[0]?.max.map(String).reverse())
    await hold(page, 'explorer-table')

    // whoever is sent the link sees the same, though their clock is another
    const other = await visitor(browser, {
      timezoneId: 'Asia/Tokyo',
      storageState: await page.context().storageState(),
    })
    await other.page.goto(page.url())
    const theirs = other.page.getByRole('region', { name: 'Values' }).getByRole('row')
    await expect.poll(() => theirs.count(), PATIENCE).toBe(11)
    expect(await theirs.allTextContents()).toEqual(await rows.allTextContents())

    for (const format of ['CSV', 'NDJSON', 'Parquet']) {
      await page.getByRole('button', { name: 'Export' }).click()
      await dialog.getByText(format, { exact: true }).click()
      if (format === 'CSV') await hold(page, 'explorer-export')
      const coming = page.waitForEvent('download')
      await dialog.getByRole('button', { name: 'Export' }).click()
      const path = await (await coming).path()
      await dialog.getByText(/^Saved: /).waitFor()
      const bytes = await readFile(path)
      if (format === 'CSV') {
        const records = bytes.toString().trim().split('\n')
        expect(records).toHaveLength(601)
        expect(records[1]).toContain(`${boiler.id},temperature,${valueAt(COUNT - 600)},C,`)
      }
      if (format === 'NDJSON') expect(bytes.toString().trim().split('\n')).toHaveLength(600)
      if (format === 'Parquet') expect(bytes.subarray(-4).toString()).toBe('PAR1')
      await dialog.getByRole('button', { name: 'Close' }).last().click()
    }
    expect([...complaints, ...other.complaints]).toEqual([])
  },
  LONG_MS,
)

/** Summer and winter, by the zone's own word. */
function berlinOffset(ts: number): number {
  const name = new Intl.DateTimeFormat('en-US', { timeZone: 'Europe/Berlin', timeZoneName: 'longOffset' })
    .formatToParts(ts)
    .find(({ type }) => type === 'timeZoneName')?.value
  const [, hours = '0'] = /GMT\+(\d\d)/.exec(name ?? '') ?? []
  return Number(hours) * 3_600_000
}

test(
  'what a flow stored stands beside what it was made from, and text is told as such',
  async () => {
    const { page, complaints } = await visitor(browser)
    const grace = await Account.signUp(page, server.url, 'grace@example.org')
    const press = await grace.device('press')
    const flow = await grace.post('/flows', {
      name: 'Doubled',
      nodes: [
        {
          id: 'in',
          type: 'device',
          position: { x: 0, y: 0 },
          data: { mode: 'read', deviceUuid: press.id, variable: 'force' },
        },
        { id: 'twice', type: 'scale', position: { x: 200, y: 0 }, data: { factor: 2 } },
        { id: 'keep', type: 'store', position: { x: 400, y: 0 }, data: { series: 'doubled', by: 'sensor' } },
      ],
      edges: [
        { id: 'a', source: 'in', target: 'twice' },
        { id: 'b', source: 'twice', target: 'keep' },
      ],
    })
    await grace.post(`/flows/${flow.id}/deploy`, {})
    const device = await Device.connect(server.url, press.token)
    for (let n = 1; n <= 20; n++) await device.send({ force: [n, 'kN'], state: [n % 2 ? 'down' : 'up'] })
    await expect
      .poll(
        async () => (await grace.get<{ items: object[] }>(`/flows/${flow.id}/series`)).items.length,
        PATIENCE,
      )
      .toBe(1)

    await page.goto(`${server.url}/explore`)
    await page.getByRole('button', { name: 'Choose series' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByRole('combobox', { name: 'Device' }).fill('press')
    await page.getByRole('option', { name: 'press' }).click()
    await dialog.getByRole('checkbox', { name: 'force' }).check()
    await dialog.getByRole('checkbox', { name: 'state' }).check()
    await dialog.getByRole('tab', { name: 'Stored by flows' }).click()
    await dialog.getByRole('combobox', { name: 'Flow' }).click()
    await page.getByRole('option', { name: 'Doubled' }).click()
    await dialog.getByRole('checkbox', { name: /doubled of press force/ }).check()
    await hold(page, 'explorer-picker')
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })
    const legend = page.getByRole('region', { name: 'Series' })
    await legend.getByText('Doubled · doubled of press force').waitFor()
    await legend.getByText('No numbers: the table shows').waitFor()

    // the last of each, in one bucket: a flow's series is asked for by itself, and comes to the same line of the table
    await page.getByRole('combobox', { name: 'Bucket', exact: true }).click()
    await page.getByRole('option', { name: '1d', exact: true }).click()
    await page.getByRole('combobox', { name: 'Value' }).click()
    await page.getByRole('option', { name: 'Last', exact: true }).click()
    await page.getByText('Table', { exact: true }).click()
    const cells = page.getByRole('region', { name: 'Values' }).getByRole('row').nth(1).getByRole('cell')
    await expect.poll(() => cells.allTextContents(), PATIENCE).toEqual(['20', 'up', '40'])
    await page.getByText('Chart', { exact: true }).click()
    await page.getByRole('button', { name: 'Remove press · state' }).click()
    await legend.getByText('press · state').waitFor({ state: 'detached' })
    await hold(page, 'explorer-flow', true)

    // the same from the device's page
    await page.goto(`${server.url}/devices/${press.id}?tab=readings`)
    await page.getByRole('img', { name: /force/ }).waitFor()
    await hold(page, 'device-readings')
    await page.getByRole('link', { name: 'Open in the explorer' }).click()
    await page.waitForURL('**/explore?**')
    await page.getByRole('region', { name: 'Series' }).getByText('press · force').waitFor()
    device.close()
    expect(complaints).toEqual([])
  },
  LONG_MS,
)
