/** Live charts over bad networks: what they show is what the server has, without a gap and with nothing twice. */
import type { Browser, CDPSession, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import type { Drawn } from '../src/widgets/measure'
import { Account, shows } from './support/account'
import { launch, visitor } from './support/browser'
import { Device } from './support/device'
import { load, Sending } from './support/load'
import { Network } from './support/network'
import { Server } from './support/server'

/** So large that all charts are in sight: others are not drawn. */
const VIEWPORT = { width: 1600, height: 1200 }

let server: Server
let network: Network
let browser: Browser

beforeAll(async () => {
  server = await Server.start()
  network = await Network.to(() => server.port)
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await network?.remove()
  await server?.remove()
})

// A page that is left open goes on watching.
afterEach(async () => {
  network.unblock()
  for (const context of browser.contexts()) await context.close()
})

const widget = (page: Page, title: string) => page.getByRole('region', { name: title, exact: true })

type Noted = typeof globalThis & { drawn: Record<string, Drawn>; edgesyncDrawn: (drawn: Drawn) => void }

/** Runs in the page before it loads: keeps what each chart drew last. */
function note(): void {
  const page = globalThis as Noted
  page.drawn = {}
  page.edgesyncDrawn = drawn => {
    page.drawn[drawn.chart] = drawn
  }
}

const drawn = (page: Page, chart: string) =>
  page.evaluate(chart => (globalThis as Noted).drawn[chart]?.values() ?? [], chart)
const received = (page: Page, chart: string) =>
  page.evaluate(chart => (globalThis as Noted).drawn[chart]?.received ?? [], chart)

/** Sends 1, 2, 3 …, one after the other, each when the one before is stored. What it does not know to be stored it does not send again. */
class Counter {
  readonly #token: string
  #device: Device | undefined
  #boot = 0
  readonly #begun = Date.now() - 60_000
  next = 1

  constructor(token: string) {
    this.#token = token
  }

  async connect(): Promise<void> {
    this.#boot += 1
    this.#device = await Device.connect(server.url, this.#token, this.#boot)
  }

  async count(values: number): Promise<void> {
    for (let n = 0; n < values; n++) {
      // so far apart that a chart of five minutes folds none of them with another
      const sent = this.#device?.send({ count: [this.next] }, this.#begun + 200 * this.next)
      this.next += 1
      await sent
    }
  }

  close(): void {
    this.#device?.close()
  }
}

/** What the server has of a sensor: the truth. */
async function stored(account: Account, device: string): Promise<number[]> {
  const path = `/readings?device=${device}&sensor=count&order=asc&limit=500`
  const { items, next } = await account.get<{ items: { value: number }[]; next: string | null }>(path)
  expect(next).toBeNull()
  return items.map(({ value }) => value)
}

/**
 * Holds a chart against what the server has: of what came faster than it asked for some is folded away, all of it was told, and nothing
 * twice. Before it was opened there were `before` values.
 */
async function holds(page: Page, chart: string, truth: readonly number[], before: number): Promise<void> {
  const [values = []] = await drawn(page, chart)
  const shown = values.map(([, value]) => value)
  expect(shown, `${chart} shows each once`).toEqual(truth.filter(value => shown.includes(value)))
  expect(shown.slice(0, before), `${chart} begins with what was there`).toEqual(truth.slice(0, before))
  expect(await received(page, chart), `${chart} was told all`).toEqual([truth.length - before])
}

/** Waits until a chart shows a value. */
async function shown(page: Page, chart: string, value: number): Promise<void> {
  await page.waitForFunction(
    ({ chart, value }) => (globalThis as Noted).drawn[chart]?.values()[0]?.at(-1)?.[1] === value,
    { chart, value },
  )
}

async function watching(email: string, charts = 1) {
  const { page, complaints } = await visitor(browser, { viewport: VIEWPORT })
  const account = await Account.signUp(page, network.url, email)
  const { id, token } = await account.device(`counter of ${email}`)
  const widgets = Array.from({ length: charts }, (_, n) =>
    shows(id, 'count', 'time_series', {
      widget_id: `chart${n}`,
      title: `Chart ${n}`,
      grid_position: { x: 4 * (n % 3), y: 4 * Math.floor(n / 3), w: 4, h: 4 },
      widget_config: { hz: 20 },
    }),
  )
  const dashboard = await account.dashboard('Counting', widgets)
  await page.addInitScript(note)
  const counter = new Counter(token)
  await counter.connect()
  await counter.count(20)
  await page.goto(`${network.url}/dashboards/${dashboard}?last=5m`)
  await shown(page, 'chart0', 20)
  return { page, account, device: id, token, counter, complaints, dashboard }
}

const chip = (page: Page, title: string) => page.getByTitle(title).first()

test('a server that is killed and comes back leaves no gap and nothing twice', async () => {
  const { page, account, device, counter, complaints } = await watching('ada@example.org')
  for (let round = 0; round < 2; round++) {
    await counter.count(15)
    await server.kill()
    await page.getByRole('button', { name: 'Reconnecting' }).waitFor()
    await server.again()
    await counter.connect()
    // what comes before the page is back, and after
    await counter.count(25)
    await chip(page, 'By WebSocket').waitFor()
    await counter.count(5)
  }
  await shown(page, 'chart0', counter.next - 1)
  await holds(page, 'chart0', await stored(account, device), 20)
  counter.close()
  expect(complaints).toEqual([])
})

test('where no WebSocket is let through values come as events, and by the socket again when it is', async () => {
  const { page, account, device, counter, complaints } = await watching('grace@example.org')
  await chip(page, 'By WebSocket').waitFor()
  network.block()
  await counter.count(10)
  await chip(page, 'By server-sent events').waitFor()
  await counter.count(10)
  await shown(page, 'chart0', counter.next - 1)
  network.unblock()
  await counter.count(10)
  await chip(page, 'By WebSocket').waitFor({ timeout: 40_000 })
  await counter.count(10)
  await shown(page, 'chart0', counter.next - 1)
  await holds(page, 'chart0', await stored(account, device), 20)
  expect(network.refused).toBeGreaterThanOrEqual(2)
  counter.close()
  expect(complaints).toEqual([])
})

test('more charts than a browser has connections for are polled, and all of them have all', async () => {
  network.block()
  const { page, account, device, counter, complaints } = await watching('joan@example.org', 7)
  await page.getByText('Polling').waitFor()
  await counter.count(30)
  for (let n = 0; n < 7; n++) await shown(page, `chart${n}`, counter.next - 1)
  const truth = await stored(account, device)
  for (let n = 0; n < 7; n++) await holds(page, `chart${n}`, truth, 20)
  network.unblock()
  counter.close()
  expect(complaints).toEqual([])
})

/** Bytes of the heap that are in use, after what is not has been thrown away. */
async function heap(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage')
  return (await cdp.send('Runtime.getHeapUsage')).usedSize
}

test('a slow network shows what is new, folded, and loses nothing of it', { timeout: 180_000 }, async () => {
  const { page, complaints } = await visitor(browser, { viewport: VIEWPORT })
  // 15 charts on a machine that does much else
  page.setDefaultTimeout(60_000)
  const account = await Account.signUp(page, server.url, 'mary@example.org')
  // 60 series at 20 Hz are more than 100 kB a second
  const presses = await load(account, server.url, 15, 4)
  await page.addInitScript(note)
  await page.goto(`${server.url}/dashboards/${presses.dashboard}?last=1m`)
  await widget(page, 'Chart 14').getByText('No value yet').waitFor()
  const sending = new Sending(presses, 50)
  await page.waitForFunction(() => Object.keys((globalThis as Noted).drawn).length === 15)
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('Network.enable')
  const throttle = (bytes: number) =>
    cdp.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 0,
      downloadThroughput: bytes,
      uploadThroughput: bytes,
    })
  await throttle(30_000)
  const begun = Date.now()
  const heaps: number[] = []
  const lags: number[] = []
  for (let n = 0; n < 5; n++) {
    await page.waitForTimeout(5_000)
    heaps.push(await heap(cdp))
    const newest = await page.evaluate(() =>
      Object.values((globalThis as Noted).drawn).map(({ newest }) => Math.max(...newest)),
    )
    lags.push(Date.now() - Math.max(...newest))
  }
  const seconds = (Date.now() - begun) / 1_000
  await throttle(-1)
  sending.stop()
  await page.waitForFunction(
    last => Object.values((globalThis as Noted).drawn).every(({ newest }) => newest.every(ts => ts >= last)),
    sending.last,
    { timeout: 60_000 },
  )
  console.log(
    `behind a link of 30 kB/s for ${seconds.toFixed(0)} s: charts are ${lags.join(', ')} ms behind; heap ${heaps.map(bytes => (bytes / 1e6).toFixed(1)).join(', ')} MB`,
  )
  // all that was sent, one after the other, would be three quarters of the time behind
  expect(Math.min(...lags.slice(-2))).toBeLessThan(seconds * 600)
  // nothing piles up in the page; 2,000 points of 60 series are there from the beginning
  expect((heaps.at(-1) as number) - (heaps[1] as number)).toBeLessThan(5e6)
  for (let chart = 0; chart < 15; chart++) {
    expect(await received(page, `chart${chart}`), `chart ${chart}`).toEqual(
      new Array(4).fill(sending.sent.length),
    )
  }
  for (const device of presses.devices) device.close()
  expect(complaints).toEqual([])
})

test('what has not come for a while is dimmed and says so, until it comes again', async () => {
  const { page, complaints } = await visitor(browser)
  const account = await Account.signUp(page, server.url, 'edith@example.org')
  const { id, token } = await account.device('sensor')
  const dashboard = await account.dashboard('Old', [
    shows(id, 'count', 'stat_panel', { title: 'Number', widget_config: { stale_s: 2 } }),
  ])
  const device = await Device.connect(server.url, token)
  await device.send({ count: [1] })
  await page.goto(`${server.url}/dashboards/${dashboard}`)
  const box = widget(page, 'Number')
  await box.getByText('Stale: ').waitFor()
  expect(await box.getAttribute('data-condition')).toBe('stale')
  const colour = () => box.getByTestId('value').evaluate(value => getComputedStyle(value).color)
  const dimmed = await colour()
  await device.send({ count: [2] })
  await page.waitForFunction(() => document.querySelector('[data-condition="shown"]') !== null)
  expect(await colour()).not.toBe(dimmed)
  await box.getByText('Stale: ').waitFor()
  expect(await colour()).toBe(dimmed)
  device.close()
  expect(complaints).toEqual([])
})

test('a stretch that is dragged over is asked for, the cursor is of all charts, and a pause stands still', async () => {
  const { page, counter, complaints } = await watching('rosa@example.org', 2)
  const plot = (title: string) => widget(page, title).locator('.u-over')
  const first = await plot('Chart 0').boundingBox()
  if (!first) throw new Error('the chart has no area')
  const at = (part: number) => first.x + part * first.width
  const middle = first.y + first.height / 2
  // where nothing was yet, the other chart says so too
  const told = widget(page, 'Chart 1').getByTestId('value')
  await told.getByText('20').waitFor()
  await page.mouse.move(at(0.2), middle)
  await told.getByText('–').waitFor()
  await page.mouse.move(at(0.75), middle)
  await page.mouse.down()
  await page.mouse.move(at(0.85), middle, { steps: 4 })
  await page.mouse.move(at(0.9), middle, { steps: 4 })
  await page.mouse.up()
  const back = page.getByRole('button', { name: 'Back from the zoom' })
  await back.waitFor()
  // what comes now is not of that stretch
  await counter.count(3)
  await page.waitForFunction(() => (globalThis as Noted).drawn['chart0']?.values()[0]?.at(-1)?.[1] === 20)
  await plot('Chart 1').dblclick()
  await back.waitFor({ state: 'detached' })
  await shown(page, 'chart0', 23)
  await page.getByRole('button', { name: 'Pause' }).click()
  await page.getByText(/^\d+ s behind$/).waitFor()
  const drawnBefore = await received(page, 'chart0')
  await counter.count(3)
  await page.getByText('2 s behind').waitFor()
  expect(await received(page, 'chart0')).toEqual(drawnBefore)
  await page.getByRole('button', { name: 'Go on' }).click()
  await shown(page, 'chart0', 26)
  counter.close()
  expect(complaints).toEqual([])
})
