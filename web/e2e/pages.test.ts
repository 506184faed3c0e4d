/** Each page: usable by everybody, in both themes, on a desk and on a phone, with nothing and with something. */
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { launch, visitor } from './support/browser'
import { Device } from './support/device'
import { hold } from './support/hold'
import { Server } from './support/server'

// Each page is looked at four times, on a machine that may do something else as well.
vi.setConfig({ testTimeout: 600_000 })

const PASSWORD = 'correct horse battery'

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

async function signUp(page: Page, email: string): Promise<void> {
  const answer = await page.request.post(`${server.url}/api/v1/auth/signup`, {
    data: { email, password: PASSWORD },
    headers: { origin: server.url },
  })
  expect(answer.status()).toBe(201)
}

test('the pages of somebody who has nothing yet', async () => {
  const { page, complaints } = await visitor(browser)
  await page.goto(server.url)
  await page.getByRole('heading', { name: 'Set up EdgeSync' }).waitFor()
  await hold(page, 'first-run')
  await signUp(page, 'ada@example.org')
  await page.goto(server.url)
  await page.getByRole('heading', { name: 'Connect your first device' }).waitFor()
  await hold(page, 'overview-empty')
  await page.goto(`${server.url}/devices`)
  await page.getByText('There is no device yet.').waitFor()
  await hold(page, 'devices-empty')
  await page.getByRole('button', { name: 'Connect the first one' }).click()
  await page.getByLabel('Name').waitFor()
  await hold(page, 'add-device')
  await page.goto(`${server.url}/devices/00000000-0000-7000-8000-000000000000`)
  await page.getByRole('alert').waitFor()
  await hold(page, 'device-gone')
  await page.goto(`${server.url}/nothing-here`)
  await page.getByRole('heading', { name: 'There is no such page' }).waitFor()
  await hold(page, 'no-page')
  const stranger = await visitor(browser)
  await stranger.page.goto(`${server.url}/devices?q=pump`)
  await stranger.page.getByRole('heading', { name: 'Log in' }).waitFor()
  await hold(stranger.page, 'login')
  // and back to where they wanted to be
  await stranger.page.getByLabel('E-mail address').fill('ada@example.org')
  await stranger.page.getByRole('textbox', { name: 'Password' }).fill(PASSWORD)
  await stranger.page.getByRole('button', { name: 'Log in' }).click()
  await stranger.page.waitForURL('**/devices?q=pump')
  expect([...complaints, ...stranger.complaints]).toEqual([])
})

test('the pages of somebody with devices', async () => {
  const { page, complaints } = await visitor(browser)
  await signUp(page, 'grace@example.org')
  const asked = await page.request.get(`${server.url}/api/v1/organizations`)
  const organization = (await asked.json()).items[0].id
  const tokens: string[] = []
  for (const name of ['boiler', 'chiller', 'press with a name that is a good deal longer than the others']) {
    const made = await page.request.post(`${server.url}/api/v1/devices`, {
      data: { organization_id: organization, name, device_type: 'PLC', description: 'hall 2' },
      headers: { origin: server.url },
    })
    tokens.push((await made.json()).token)
  }
  const device = await Device.connect(server.url, tokens[0] as string)
  for (let n = 0; n < 60; n++) {
    await device.send({
      temperature: [60 + 5 * Math.sin(n / 6) + (n % 7) / 10, 'C'],
      pressure: [1.2 + n / 100, 'bar'],
      door: [n % 20 < 10],
      state: [n < 30 ? 'heating' : 'holding'],
    })
  }
  await page.goto(server.url)
  await page.getByRole('heading', { name: 'Heard last' }).waitFor()
  await page.getByRole('link', { name: '1 Online' }).waitFor()
  await hold(page, 'overview')
  await page.goto(`${server.url}/devices`)
  await page.getByRole('link', { name: 'boiler' }).waitFor()
  await hold(page, 'devices')
  await page.getByLabel('Search devices').fill('CHIL')
  await page.waitForURL('**/devices?q=CHIL')
  await page.getByRole('link', { name: 'boiler' }).waitFor({ state: 'detached' })
  expect(await page.getByRole('row').count()).toBe(2)
  await page.goto(`${server.url}/devices?sort=-last_seen`)
  await page.getByRole('link', { name: 'boiler' }).click()
  await page.getByRole('region', { name: 'state' }).getByText('holding').waitFor()
  await page.getByText('Live').waitFor()
  await hold(page, 'device')
  await page.getByRole('tab', { name: 'Events' }).click()
  await page.getByText('Made', { exact: true }).waitFor()
  await hold(page, 'device-events')
  await page.getByRole('tab', { name: 'Token' }).click()
  await page.getByRole('button', { name: 'Make a new token' }).click()
  await page.getByRole('region', { name: 'token of boiler' }).waitFor()
  // what came before the token says nothing about it
  await page.getByText('Waiting for the first reading of boiler').waitFor()
  await hold(page, 'device-token')
  await page.getByRole('tab', { name: 'Settings' }).click()
  await page.getByRole('button', { name: 'Delete it' }).click()
  await page.getByRole('dialog').waitFor()
  await hold(page, 'device-delete')
  expect(complaints).toEqual([])
})

test('a fleet of which only what can be seen is in the page', async () => {
  const { page, complaints } = await visitor(browser)
  await signUp(page, 'joan@example.org')
  server.admin('plan', 'joan@example.org', '--type', 'paid', '--device-limit', '2000')
  const asked = await page.request.get(`${server.url}/api/v1/organizations`)
  const organization_id = (await asked.json()).items[0].id
  const names = Array.from({ length: 1_000 }, (_, n) => `pump ${String(n).padStart(4, '0')}`)
  const made = await page.request.post(`${server.url}/api/v1/devices/bulk`, {
    data: names.map(name => JSON.stringify({ organization_id, name })).join('\n'),
    headers: { origin: server.url, 'content-type': 'application/x-ndjson' },
  })
  expect(made.status()).toBe(200)
  await made.body()
  await page.goto(`${server.url}/devices`)
  await page.getByRole('link', { name: 'pump 0000' }).waitFor()
  const last = page.getByRole('link', { name: 'pump 0999' })
  // the pages of the list come one after the other, as somebody goes on to the end
  for (let n = 0; n < 100 && (await last.count()) === 0; n++) {
    await page.getByRole('region', { name: 'Devices' }).evaluate(list => list.scrollTo(0, list.scrollHeight))
    await page.waitForTimeout(50)
  }
  await last.waitFor()
  expect(await page.getByRole('row').count()).toBeLessThan(100)
  await hold(page, 'devices-many')
  await page.getByRole('button', { name: 'Name' }).click()
  await last.waitFor()
  await page.waitForURL('**/devices?sort=-name')
  await page.getByLabel('Search devices').fill('pump 05')
  await page.getByRole('link', { name: 'pump 0599' }).waitFor()
  await last.waitFor({ state: 'detached' })
  expect(complaints).toEqual([])
})
