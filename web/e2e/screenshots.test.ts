/**
 * What a newcomer sees: the demo, as `make run` starts it, from the login to a dashboard that moves. `UPDATE=1` puts the pictures that the
 * README shows into docs/screenshots.
 */
import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { launch, visitor } from './support/browser'
import { Server } from './support/server'

const folder = process.env['UPDATE']
  ? fileURLToPath(new URL('../../docs/screenshots', import.meta.url))
  : undefined

let server: Server
let browser: Browser

beforeAll(async () => {
  server = await Server.start('127.0.0.1', '--demo')
  browser = await launch()
  if (folder) mkdirSync(folder, { recursive: true })
})

afterAll(async () => {
  await browser?.close()
  await server?.remove()
})

const tiles = (page: Page) => page.getByRole('list', { name: 'Devices by how they are' })

const stored = (metrics: string) => Number(/^edgesync_log_readings_total (\d+)/m.exec(metrics)?.[1])

async function take(page: Page, name: string): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.waitForFunction(
      scheme => document.documentElement.getAttribute('data-mantine-color-scheme') === scheme,
      colorScheme,
    )
    // so that charts are drawn in the new colours
    await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))
    const picture = await page.screenshot(folder ? { path: `${folder}/${name}-${colorScheme}.png` } : {})
    expect(picture.length, `${name}: there is something in it`).toBeGreaterThan(10_000)
  }
}

test('the demo shows a fleet, a flow and a dashboard that move', async () => {
  const [email, password] = (await server.says('demo login: ')).split(' ') as [string, string]
  const { page, complaints } = await visitor(browser, { viewport: { width: 1280, height: 860 } })
  await page.goto(server.url)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await tiles(page).getByText('20').waitFor()

  await page.getByRole('link', { name: 'Dashboards' }).click()
  await page.getByRole('link', { name: 'Boiler house' }).click()
  await page.getByRole('heading', { name: 'Boiler house' }).waitFor()
  const moves = page.getByRole('region', { name: 'Average while warm' })
  const before = await moves.textContent()
  await expect.poll(() => moves.textContent(), { timeout: 20_000 }).not.toBe(before)
  // a chart of a minute has something in it after some readings; for a picture it has half a minute of them
  const readings = folder ? 3_000 : 100
  await expect
    .poll(async () => stored(await (await fetch(`${server.url}/metrics`)).text()), {
      timeout: 90_000,
      interval: 500,
    })
    .toBeGreaterThan(readings)
  await page.getByText('1m', { exact: true }).click()
  const widgets = page.locator('section[data-condition]')
  await expect
    .poll(async () => [
      await widgets.count(),
      await widgets.and(page.locator('[data-condition="shown"]')).count(),
    ])
    .toEqual([8, 8])
  await take(page, 'dashboard')

  await page.setViewportSize({ width: 1600, height: 860 })
  await page.getByRole('link', { name: 'Flows' }).click()
  await page.getByRole('link', { name: 'Warm boilers' }).click()
  await page.getByRole('region', { name: 'Diagram' }).getByText('Mean of 10').waitFor()
  // the edges tell what runs over them
  await page
    .getByText(/\d C · /)
    .first()
    .waitFor()
  await take(page, 'flow-editor')

  await page.setViewportSize({ width: 1280, height: 860 })
  await page.getByRole('link', { name: 'Overview' }).click()
  await tiles(page).getByText('20').waitFor()
  await take(page, 'overview')
  expect(complaints).toEqual([])
})
