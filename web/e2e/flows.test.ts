/** Flows from the first to the hundredth: made, deployed, watched, compared, rolled back, put together, run. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { examples } from '../src/pages/flows/examples'
import { Account } from './support/account'
import { launch, visitor } from './support/browser'
import { Device } from './support/device'
import { above, another, FlowApi } from './support/flows'
import { hold } from './support/hold'
import { Server } from './support/server'

/** Each page is held against all that must be true of it in two sizes and two themes, which takes its time. */
const LONG_MS = 240_000

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

interface Known {
  page: Page
  complaints: string[]
  email: string
  flows: FlowApi
  device: { id: string; token: string }
}

/** Somebody with a device. */
async function somebody(email: string): Promise<Known> {
  const { page, complaints } = await visitor(browser)
  page.setDefaultTimeout(30_000)
  await page.setViewportSize({ width: 1280, height: 900 })
  const account = await Account.signUp(page, server.url, email)
  const device = await account.device('boiler')
  return { page, complaints, email, flows: new FlowApi(page, server.url), device }
}

/** Holds the page against what must be true of all, and goes on with a desk's width. */
async function look(page: Page, name: string): Promise<void> {
  await hold(page, name)
  await page.setViewportSize({ width: 1280, height: 900 })
}

const dialog = (page: Page): Locator => page.getByRole('dialog')
const node = (page: Page, id: string): Locator => page.locator(`.react-flow__node[data-id="${id}"]`)

test(
  'a flow from an example, deployed, and its live value on the edge',
  async () => {
    const { page, complaints, device } = await somebody('ada@example.org')
    const boiler = await Device.connect(server.url, device.token)
    await boiler.send({ temperature: [20, 'C'] })
    await page.goto(`${server.url}/flows`)
    await page.getByText('There is no flow yet.').waitFor()
    await look(page, 'flows-empty')
    await page.getByRole('button', { name: 'Smooth a sensor' }).click()
    await page.getByRole('combobox', { name: 'Device' }).click()
    await page.getByRole('option', { name: 'boiler' }).click()
    await look(page, 'flow-new')
    await page.getByRole('button', { name: 'Make the flow' }).click()
    await node(page, 'display').waitFor()

    await page.getByRole('button', { name: 'Deploy', exact: true }).click()
    await dialog(page).getByText('Nothing of it runs now. 3 nodes and 2 edges will.').waitFor()
    await dialog(page).getByText('First deployment.').waitFor()
    await look(page, 'deploy-first')
    await dialog(page).getByRole('button', { name: 'Deploy it' }).click()
    await dialog(page).getByText('Running').waitFor()
    await dialog(page).getByRole('button', { name: 'Done' }).click()
    await node(page, 'moving-average').locator('[data-run="running"]').waitFor()

    const edge = page.getByTestId('rf__edge-device-sensor:out-moving-average:in')
    const took = []
    for (const next of [41, 42, 43, 44]) {
      const sent = performance.now()
      await boiler.send({ temperature: [next, 'C'] })
      await edge.getByText(`${next} C`).waitFor()
      took.push(performance.now() - sent)
    }
    console.log(`from sending to the edge: ${took.map(ms => `${ms.toFixed(0)} ms`).join(', ')}`)
    expect(Math.min(...took)).toBeLessThan(1_000)

    // the card of the average has the mean of what came since it runs
    await node(page, 'moving-average').getByText('42.5').waitFor()
    await node(page, 'moving-average').click()
    await page.getByRole('tab', { name: 'Live' }).click()
    await page.getByText('Works').waitFor()
    await page.getByRole('tab', { name: 'Debug' }).click()
    const records = page.getByRole('list', { name: 'Records' })
    await records.getByText('42.5').waitFor()
    await look(page, 'editor-live')

    await page.getByRole('textbox', { name: 'Only values' }).fill('> 42')
    await records.getByText('41', { exact: true }).waitFor({ state: 'detached' })
    expect(await records.getByRole('listitem').count()).toBe(1)
    await page.getByRole('button', { name: 'Pause' }).click()
    await boiler.send({ temperature: [100, 'C'] })
    // it came: the card has it, the list that pauses has not
    await node(page, 'moving-average').getByText('54 C').waitFor()
    expect(await records.getByRole('listitem').count()).toBe(1)
    await page.getByRole('button', { name: 'Go on' }).click()
    await records.getByText('54', { exact: true }).waitFor()
    boiler.close()
    expect(complaints).toEqual([])
    await page.context().close()
  },
  LONG_MS,
)

test(
  'each example runs as it is made',
  async () => {
    const { page, flows, device } = await somebody('emmy@example.org')
    for (const { name, make } of examples) {
      const { id } = await flows.make(name, make(device.id) as never)
      expect((await flows.deploy(id)).deployed_version, name).toBe(1)
    }
    await page.context().close()
  },
  LONG_MS,
)

test(
  'two people change the same flow, and nothing of it is lost',
  async () => {
    const { page: mine, complaints, flows, device, email } = await somebody('grace@example.org')
    const { id } = await flows.make('Shared', above(device.id, 30))
    const { page: theirs, complaints: others } = await another(browser, server.url, email)
    await theirs.setViewportSize({ width: 1280, height: 900 })
    for (const page of [mine, theirs]) {
      await page.goto(`${server.url}/flows/${id}`)
      await node(page, 'hot').waitFor()
    }
    const rename = async (page: Page, of: string, name: string) => {
      await node(page, of).click()
      await page.getByRole('region', { name: 'Inspector' }).getByLabel('Name').fill(name)
    }
    await rename(theirs, 'readings', 'Their readings')
    await rename(theirs, 'hot', 'Their limit')
    await theirs.getByRole('button', { name: 'Save', exact: true }).click()
    await theirs
      .getByText(/^Saved/)
      .first()
      .waitFor()

    await rename(mine, 'show', 'My display')
    await rename(mine, 'hot', 'My limit')
    await mine.getByRole('button', { name: 'Save', exact: true }).click()
    await dialog(mine).getByText('One thing does not: choose whose.').waitFor()
    const save = dialog(mine).getByRole('button', { name: 'Save both together' })
    expect(await save.isDisabled()).toBe(true)
    expect(await dialog(mine).textContent()).toContain('label: Their limit')
    await dialog(mine).getByRole('radio', { name: 'Mine' }).check()
    await look(mine, 'conflict')
    await save.click()
    await dialog(mine).waitFor({ state: 'detached' })
    await expect
      .poll(async () => (await flows.get(id)).nodes.map(of => (of['data'] as { label: string }).label))
      .toEqual(['Their readings', 'My limit', 'My display'])
    expect([...complaints, ...others]).toEqual([])
    await mine.context().close()
    await theirs.context().close()
  },
  LONG_MS,
)

test(
  'what was looked at is what is deployed: who saved in between is asked for first',
  async () => {
    const { page, complaints, flows, device } = await somebody('joan@example.org')
    const { id } = await flows.make('Limit', above(device.id, 30))
    await flows.deploy(id)
    await flows.change(id, above(device.id, 35))
    await page.goto(`${server.url}/flows`)
    await page.getByRole('button', { name: 'What to do with Limit' }).click()
    await look(page, 'flows')
    await page.getByRole('menuitem', { name: 'Deploy the draft' }).click()
    await dialog(page).getByText('value > 30.0 → value > 35.0').waitFor()
    await dialog(page).getByText('Takes over at once.').waitFor()
    await look(page, 'deploy')
    await flows.change(id, above(device.id, 40))
    await dialog(page)
      .getByRole('button', { name: /^Deploy in place/ })
      .click()
    await dialog(page).getByText('Somebody saved it in between.').waitFor()
    expect((await flows.get(id)).deployed_version).toBe(1)
    await dialog(page).getByRole('button', { name: 'Try again' }).click()
    await dialog(page).getByText('value > 30.0 → value > 40.0').waitFor()
    await dialog(page)
      .getByRole('button', { name: /^Deploy in place/ })
      .click()
    await dialog(page).getByText('Running').waitFor()
    await dialog(page).getByRole('button', { name: 'Done' }).click()
    expect((await flows.get(id)).deployed_version).toBe(3)

    // what cannot run is told with its place, and is not deployed
    const broken = above(device.id, 40)
    await flows.change(id, { nodes: broken.nodes, edges: [] })
    await page.getByRole('button', { name: 'What to do with Limit' }).click()
    await page.getByRole('menuitem', { name: 'Deploy the draft' }).click()
    const problems = dialog(page).getByRole('region', { name: 'Problems' })
    await problems.getByText('Hot').waitFor()
    expect(
      await dialog(page)
        .getByRole('button', { name: /^Deploy in place/ })
        .isDisabled(),
    ).toBe(true)
    await look(page, 'deploy-problems')
    await problems.getByRole('link').first().click()
    await page.waitForURL(`**/flows/${id}`)
    expect(complaints).toEqual([])
    await page.context().close()
  },
  LONG_MS,
)

test(
  'versions are compared, and one of before takes the place of what runs',
  async () => {
    const { page, complaints, flows, device } = await somebody('mary@example.org')
    const { id } = await flows.make('Versions', above(device.id, 30))
    await flows.deploy(id)
    await flows.change(id, above(device.id, 35))
    await flows.deploy(id)
    const more = above(device.id, 35)
    more.nodes.push({ id: 'note', type: 'comment', position: { x: 0, y: 160 }, data: { text: 'hall 2' } })
    await flows.change(id, more)
    await page.goto(`${server.url}/flows/${id}/versions`)
    await page.getByRole('heading', { name: 'From version 2 to the draft' }).waitFor()
    await page.getByText('1 node added').waitFor()
    await page.getByRole('radio', { name: 'Compare from version 1' }).check()
    await page.getByRole('radio', { name: 'Compare to version 2' }).check()
    await page.getByText('value > 30.0 → value > 35.0').waitFor()
    await look(page, 'versions')
    await page.getByRole('button', { name: 'Look at version 1' }).click()
    await page.getByRole('heading', { name: 'Version 1', exact: true }).waitFor()
    await look(page, 'version')

    await page.getByRole('button', { name: 'Roll back to version 1' }).click()
    await dialog(page).getByText('value > 35.0 → value > 30.0').waitFor()
    await look(page, 'rollback')
    await dialog(page).getByRole('button', { name: 'Roll back' }).click()
    await dialog(page).getByText('Running').waitFor()
    await dialog(page).getByRole('button', { name: 'Done' }).click()
    const now = await flows.get(id)
    expect([now.deployed_version, now.version]).toEqual([1, 3])
    await page.getByRole('row', { name: /^1 · runs/ }).waitFor()
    expect(complaints).toEqual([])
    await page.context().close()
  },
  LONG_MS,
)

test(
  'a draft is tested over recorded readings beside what runs, and run once',
  async () => {
    const { page, complaints, flows, device } = await somebody('jean@example.org')
    const boiler = await Device.connect(server.url, device.token)
    for (const value of [29, 31, 33, 37]) await boiler.send({ temperature: [value, 'C'] })
    await boiler.send({ temperature: ['broken'] })
    const { id } = await flows.make('Tested', above(device.id, 30))
    await flows.deploy(id)
    await flows.change(id, above(device.id, 35))
    await page.goto(`${server.url}/flows/${id}`)
    await page.getByRole('button', { name: 'Test', exact: true }).click()
    await dialog(page).getByRole('button', { name: 'Run and compare' }).click()
    await dialog(page).getByText('2 records differ, 1 is the same.').waitFor()
    const rows = dialog(page).getByRole('region', { name: 'Compared with what runs' }).getByRole('row')
    await expect
      .poll(async () => (await rows.allTextContents()).filter(row => row.includes('nothing')))
      .toHaveLength(2)
    const [first] = (await rows.allTextContents()).filter(row => row.includes('boiler'))
    expect(first).toContain('temperature31nothing')
    await look(page, 'test-draft')
    await dialog(page).getByRole('button', { name: 'Close' }).click()

    await page.goto(`${server.url}/flows/${id}/runs`)
    await page.getByText('Over stored readings').waitFor()
    await page.getByRole('tab', { name: 'Run once' }).click()
    await page.getByRole('radio', { name: 'Values that I write' }).check()
    await page.getByRole('button', { name: 'Run it once' }).click()
    await page.getByText('No value is written.').waitFor()
    await page.getByRole('textbox', { name: 'Readings' }).fill('36\n34\n{"value": "hot"}')
    await page.getByRole('button', { name: 'Run it once' }).click()
    await page.getByText('3 readings').waitFor()
    const hot = page.getByRole('row', { name: /^Hot/ })
    expect(await hot.getByRole('cell').allTextContents()).toEqual(['3', '1', '1', expect.any(String)])
    await hot.getByRole('button').click()
    await page.getByText('Left by error').waitFor()
    await look(page, 'run-once')
    await page.getByRole('tab', { name: 'Runs' }).click()
    await page.getByRole('button', { name: /Deployment, version 1/ }).click()
    await look(page, 'runs')

    // what the flow that runs cannot handle is a dead letter
    await page.setViewportSize({ width: 1280, height: 900 })
    await boiler.send({ temperature: ['broken'] })
    await page.getByRole('tab', { name: 'Dead letters' }).click()
    await page.getByRole('cell', { name: 'broken' }).waitFor()
    await look(page, 'dead-letters')
    await page.getByRole('button', { name: 'Remove all' }).click()
    await dialog(page).getByRole('button', { name: 'Remove them' }).click()
    await page.getByText('There is none').waitFor()
    boiler.close()
    expect(complaints).toEqual([])
    await page.context().close()
  },
  LONG_MS,
)

test(
  'flows are found, renamed, carried to a file and back, stopped and deleted',
  async () => {
    const { page, complaints, flows, device } = await somebody('lise@example.org')
    const { id } = await flows.make('Alpha', above(device.id, 30))
    await flows.deploy(id)
    await flows.make('Beta', above(device.id, 30))
    await page.goto(`${server.url}/flows`)
    const row = (name: string) => page.getByRole('row', { name: new RegExp(`^${name}`) })
    await row('Alpha').getByText('Running').waitFor()
    await row('Beta').getByText('Draft').waitFor()
    await page.getByLabel('Search flows').fill('ALPH')
    await row('Beta').waitFor({ state: 'detached' })
    await page.getByLabel('Search flows').fill('')
    await row('Beta').waitFor()
    await page.getByRole('button', { name: 'Name' }).click()
    await page.waitForURL('**/flows?sort=-name')
    await expect.poll(() => page.getByRole('rowheader').allTextContents()).toEqual(['Beta', 'Alpha'])

    const choose = async (name: string, what: string) => {
      await page.getByRole('button', { name: `What to do with ${name}` }).click()
      await page.getByRole('menuitem', { name: what }).click()
    }
    await choose('Beta', 'Rename')
    await dialog(page).getByLabel('Name').fill('Gamma')
    await dialog(page).getByRole('button', { name: 'Save' }).click()
    await row('Gamma').waitFor()

    const file = page.waitForEvent('download')
    await choose('Alpha', 'Export')
    const path = await (await file).path()
    expect((await file).suggestedFilename()).toBe('Alpha.flow.json')

    await choose('Alpha', 'Stop')
    await dialog(page).getByRole('button', { name: 'Stop it' }).click()
    await row('Alpha').getByText('Draft').waitFor()
    await choose('Alpha', 'Delete')
    await dialog(page).getByText('This cannot be taken back').waitFor()
    await dialog(page).getByRole('button', { name: 'Delete it' }).click()
    await row('Alpha').waitFor({ state: 'detached' })

    await page.getByRole('button', { name: 'New flow' }).click()
    await dialog(page).getByRole('radio', { name: 'A file' }).check()
    await page
      .locator('input[type=file]')
      .setInputFiles({ name: 'x', mimeType: 'text/plain', buffer: Buffer.from('{') })
    await dialog(page).getByText('The file is no JSON').waitFor()
    await page.locator('input[type=file]').setInputFiles(path)
    await dialog(page).getByText('3 nodes, 2 edges').waitFor()
    await dialog(page).getByRole('button', { name: 'Make the flow' }).click()
    await node(page, 'hot').waitFor()
    await page.goto(`${server.url}/flows`)
    await row('Alpha').waitFor()
    await page.goto(`${server.url}/flows/00000000-0000-7000-8000-000000000000/versions`)
    await page.getByRole('alert').waitFor()
    await look(page, 'flow-gone')
    expect(complaints).toEqual([])
    await page.context().close()
  },
  LONG_MS,
)
