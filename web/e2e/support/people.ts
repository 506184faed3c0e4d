/** A server, a browser, and people who log in to draw. */
import type { Browser, BrowserContextOptions } from 'playwright-core'
import { afterAll, beforeAll } from 'vitest'
import { launch, type Seen, visitor } from './browser'
import { Owner } from './editor'
import { Server } from './server'

/** To be called once in a file of tests; what it answers makes somebody new. */
export function people(): (options?: BrowserContextOptions) => Promise<Seen & { owner: Owner }> {
  let server: Server
  let browser: Browser
  let count = 0
  beforeAll(async () => {
    server = await Server.start()
    browser = await launch()
  })
  afterAll(async () => {
    await browser?.close()
    await server?.remove()
  })
  return async (options = {}) => {
    const seen = await visitor(browser, { viewport: { width: 1440, height: 900 }, ...options })
    count += 1
    return { ...seen, owner: await Owner.signUp(seen.page, server, `drawer${count}@example.org`) }
  }
}
