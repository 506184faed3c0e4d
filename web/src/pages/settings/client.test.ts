import { expect, test } from 'vitest'
import { clientOf } from './client'

test('browsers are known by their names, though each says that it is another as well', () => {
  const mozilla = 'Mozilla/5.0'
  const webkit = 'AppleWebKit/537.36 (KHTML, like Gecko)'
  const said = [
    `${mozilla} (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0`,
    `${mozilla} (Windows NT 10.0; Win64; x64) ${webkit} Chrome/141.0 Safari/537.36 Edg/141.0`,
    `${mozilla} (Linux; Android 15; Pixel 9) ${webkit} Chrome/141.0 Mobile Safari/537.36`,
    `${mozilla} (iPhone; CPU iPhone OS 18_6 like Mac OS X) ${webkit} Version/18.6 Mobile/15E148 Safari/604.1`,
    `${mozilla} (Macintosh; Intel Mac OS X 10_15_7) ${webkit} Version/18.6 Safari/605.1.15`,
  ]
  expect(said.map(clientOf)).toEqual([
    'Firefox on Linux',
    'Edge on Windows',
    'Chrome on Android',
    'Safari on iOS',
    'Safari on macOS',
  ])
})

test('a program is what it calls itself, and nothing said is nothing known', () => {
  expect([clientOf('curl/8.5.0'), clientOf('report 1.0 (nightly)')]).toEqual(['curl/8.5.0', 'report'])
  expect([clientOf(null), clientOf(undefined), clientOf('')]).toEqual([undefined, undefined, undefined])
})
