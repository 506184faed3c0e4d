/** The flow editor, as it is used: by mouse, by keyboard, on a phone, with many nodes. */
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launch, visitor } from './support/browser'
import { Owner } from './support/editor'
import { hold } from './support/look'
import { Server } from './support/server'

let server: Server
let browser: Browser
let people = 0

beforeAll(async () => {
  server = await Server.start()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await server?.remove()
})

async function someone(options: BrowserContextOptions = {}) {
  const seen = await visitor(browser, { viewport: { width: 1440, height: 900 }, ...options })
  people += 1
  return { ...seen, owner: await Owner.signUp(seen.page, server, `drawer${people}@example.org`) }
}

test('a flow built by mouse', async () => {
  const { page, owner, complaints } = await someone()
  const { id: device } = await owner.device('boiler')
  const flow = await owner.flow('By mouse')
  const editor = await owner.open(flow)
  await page.getByText('Nothing is drawn yet.').waitFor()
  await hold(page, 'editor-empty')
  await editor.drop('Device sensor', 110, 120)
  await editor.drop('Filter', 350, 120)
  await editor.drop('Display', 600, 360)
  await editor.draw('device-sensor', 'out:out', 'filter')
  await editor.draw('filter', 'out:out', 'display')
  await page.getByText('Connected Filter to Display').waitFor()
  // dropped on an edge it comes between its ends
  await editor.drop('Moving average', 475, 240)
  await page.getByText('Moving average added into the edge').waitFor()

  await editor.node('device-sensor').click()
  await editor.inspector.getByLabel('Devices').click()
  await page.getByRole('option', { name: 'boiler' }).click()
  await editor.node('filter').click()
  await editor.inspector.getByRole('textbox', { name: 'Expression' }).fill('value > 30.0')
  await page.getByText('No problems').waitFor()
  await hold(page, 'editor-filter')
  await editor.save()

  const { nodes, edges } = await owner.saved(flow)
  expect(nodes.map(({ id, data }) => [id, data])).toEqual([
    ['device-sensor', { devices: [device] }],
    ['filter', { expression: 'value > 30.0' }],
    ['display', {}],
    ['moving-average', {}],
  ])
  expect(edges.map(({ source, target }) => `${source} ${target}`).sort()).toEqual([
    'device-sensor filter',
    'filter moving-average',
    'moving-average display',
  ])
  expect((await owner.problems(flow)).valid).toBe(true)
  expect(complaints).toEqual([])
})
