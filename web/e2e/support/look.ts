/** Holds the editor against what must be true of all pages, at the size that it is used at. */
import type { Page } from 'playwright-core'
import { hold as holdAll } from './hold'

/** On a phone there is another editor, to look at only: what was begun at a desk would not be on. */
export async function hold(page: Page, name: string, size: 'wide' | 'phone' = 'wide'): Promise<void> {
  const before = page.viewportSize()
  await holdAll(page, name, false, [size])
  if (before) await page.setViewportSize(before)
}
