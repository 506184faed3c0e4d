/** A browser with a new profile, and pages that tell when something in them went wrong. */
import { existsSync } from 'node:fs'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

const places = [
  process.env['EDGESYNC_TEST_CHROMIUM'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
]

const args = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export async function launch(): Promise<Browser> {
  const executablePath = places.find(place => place && existsSync(place))
  if (!executablePath) {
    throw new Error(
      'the tests need Chromium: install the package chromium, or name it in EDGESYNC_TEST_CHROMIUM',
    )
  }
  return chromium.launch({ executablePath, args })
}

export interface Seen {
  page: Page
  /** What the page complained about, but for the answers that say no, which are expected. */
  complaints: string[]
}

/** A page of somebody who was never here before. */
export async function visitor(browser: Browser, options: BrowserContextOptions = {}): Promise<Seen> {
  const context = await browser.newContext({ locale: 'en-GB', ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const complaints: string[] = []
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('console', message => {
    const isAnswer = /Failed to load resource|WebSocket connection/.test(message.text())
    if (message.type() === 'error' && !isAnswer) complaints.push(message.text())
  })
  return { page, complaints }
}
