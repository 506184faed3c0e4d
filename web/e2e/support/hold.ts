/** What must be true of each page: usable by everybody, in both themes, on a desk and on a phone. */
import { mkdirSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { barriers } from './axe'

const sizes = { wide: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } }
const looks = ['light', 'dark'] as const
/** Where pictures of the pages go, if somebody wants to look at them. */
const pictures = process.env['SCREENSHOTS']

/** Holds the page against it. */
export async function hold(
  page: Page,
  name: string,
  isWhole = false,
  only: readonly (keyof typeof sizes)[] = ['wide', 'phone'],
): Promise<void> {
  if (pictures) mkdirSync(pictures, { recursive: true })
  for (const size of only) {
    await page.setViewportSize(sizes[size])
    for (const colorScheme of looks) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.waitForFunction(
        scheme => document.documentElement.getAttribute('data-mantine-color-scheme') === scheme,
        colorScheme,
      )
      // so that charts are drawn in the new colours
      await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))
      if (pictures) {
        await page.screenshot({ path: `${pictures}/${name}-${size}-${colorScheme}.png`, fullPage: isWhole })
      }
      const where = `${name}, ${size}, ${colorScheme}`
      expect(await barriers(page), where).toEqual([])
      const [width, shown] = await page.evaluate(() => [document.body.scrollWidth, innerWidth])
      expect(width, `${where}: scrolls sideways`).toBeLessThanOrEqual(shown as number)
    }
  }
}
