import { expect, test } from 'vitest'
import { snippets } from './snippets'

test('snippets have the address that the browser knows, and the token', () => {
  for (const { text } of snippets('plant.example:8080', false, 'esd_1')) expect(text).toContain('esd_1')
  const [curl, python, esp] = snippets('plant.example:8080', false, 't').map(({ text }) => text)
  expect(curl).toContain('"ws://plant.example:8080/ws/sensors/?token=t"')
  expect(python).toContain('"ws://plant.example:8080/ws/v1/device"')
  expect(esp).toContain('ws.begin("plant.example", 8080, "/ws/sensors/?token=t")')
})

test('behind TLS they say so, and the port that goes without saying is said', () => {
  const [curl, , esp] = snippets('plant.example', true, 't').map(({ text }) => text)
  expect(curl).toContain('wss://plant.example/')
  expect(esp).toContain('ws.beginSSL("plant.example", 443,')
  const [, , six] = snippets('[::1]:8080', false, 't').map(({ text }) => text)
  expect(six).toContain('ws.begin("[::1]", 8080,')
})
