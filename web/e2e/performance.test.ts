/**
 * 20 charts of 4 series at 20 values a second for a minute, with the server and who sends beside it on the same machine. What is not a
 * time is asserted: everything is drawn, nothing is lost. Times are printed beside the budget. `MEASURE_S=10` makes it shorter.
 */
import type { Browser, CDPSession } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Drawn } from '../src/widgets/measure'
import { Account } from './support/account'
import { launch, visitor } from './support/browser'
import { load, Sending } from './support/load'
import { Server } from './support/server'

const CHARTS = 20
const SERIES = 4
const EVERY_MS = 50
const SECONDS = Number(process.env['MEASURE_S'] ?? 60)
const WARM_S = 10

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

interface Measures {
  frames: Float64Array
  frameCount: number
  /** Chart, time of the frame after the drawing, time of the newest value that is drawn: three numbers each. */
  draws: Float64Array
  drawCount: number
  longTasks: number[]
  received: Record<string, readonly number[]>
  newest: Record<string, readonly number[]>
  since: number
}
type Measured = typeof globalThis & { measures: Measures; edgesyncDrawn: unknown }

/** Runs in the page before it loads: notes frames, long tasks and drawings into memory that is there from the beginning. */
function instrument(): void {
  const measures: Measures = {
    frames: new Float64Array(60 * 200),
    frameCount: 0,
    draws: new Float64Array(3 * 200_000),
    drawCount: 0,
    longTasks: [],
    received: {},
    newest: {},
    since: Number.POSITIVE_INFINITY,
  }
  const pending: [string, number][] = []
  const names: string[] = []
  let last = performance.now()
  const frame = (now: number) => {
    const at = performance.timeOrigin + now
    if (at >= measures.since) {
      measures.frames[measures.frameCount++] = now - last
      // What was drawn before this frame began has been given to the screen.
      for (const [chart, newest] of pending) {
        if (!names.includes(chart)) names.push(chart)
        measures.draws.set([names.indexOf(chart), at, newest], 3 * measures.drawCount++)
      }
    }
    pending.length = 0
    last = now
    requestAnimationFrame(frame)
  }
  requestAnimationFrame(frame)
  new PerformanceObserver(list => {
    for (const task of list.getEntries()) {
      if (performance.timeOrigin + task.startTime >= measures.since) measures.longTasks.push(task.duration)
    }
  }).observe({ entryTypes: ['longtask'] })
  const page = globalThis as Measured
  page.measures = measures
  page.edgesyncDrawn = ({ chart, newest, received }: Drawn) => {
    pending.push([chart, Math.min(...newest)])
    measures.newest[chart] = newest
    measures.received[chart] = received
  }
}

/** Bytes of the heap that are in use, after what is not has been thrown away. */
async function heap(cdp: CDPSession): Promise<number> {
  await cdp.send('HeapProfiler.collectGarbage')
  return (await cdp.send('Runtime.getHeapUsage')).usedSize
}

function percentiles(values: readonly number[]): string {
  const sorted = [...values].sort((a, b) => a - b)
  const at = (part: number) =>
    (sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? Number.NaN).toFixed(1)
  return `p50 ${at(0.5)}, p95 ${at(0.95)}, p99 ${at(0.99)}, most ${at(1)} ms (${sorted.length})`
}

/** How old each sample was when the frame with it was there. */
function ages(draws: readonly number[], sent: readonly number[], charts: number): number[] {
  const told: number[] = []
  for (let chart = 0; chart < charts; chart++) {
    let next = 0
    let isFirst = true
    for (let i = 0; i < draws.length; i += 3) {
      if (draws[i] !== chart) continue
      const [at, newest] = [draws[i + 1] as number, draws[i + 2] as number]
      while (next < sent.length && (sent[next] as number) <= newest) {
        // what was drawn before the first drawing that was noted has no age
        if (!isFirst) told.push(at - (sent[next] as number))
        next += 1
      }
      isFirst = false
    }
  }
  return told
}

test(`${CHARTS} charts of ${SERIES} series at ${1_000 / EVERY_MS} values a second`, {
  timeout: 240_000,
}, async () => {
  const { page } = await visitor(browser, { viewport: { width: 1600, height: 1200 } })
  page.setDefaultTimeout(60_000)
  const account = await Account.signUp(page, server.url, 'ada@example.org')
  const presses = await load(account, server.url, CHARTS, SERIES)
  await page.addInitScript(instrument)
  await page.goto(`${server.url}/dashboards/${presses.dashboard}?last=1m`)
  await page.getByRole('region', { name: 'Chart 19', exact: true }).getByText('No value yet').waitFor()
  const cdp = await page.context().newCDPSession(page)
  const sending = new Sending(presses, EVERY_MS)
  await page.waitForTimeout(WARM_S * 1_000)
  const heaps: [minutes: number, bytes: number][] = []
  const rounds = 4
  await page.evaluate(() => {
    ;(globalThis as Measured).measures.since = 0
  })
  for (let round = 0; round < rounds; round++) {
    heaps.push([performance.now() / 60_000, await heap(cdp)])
    await page.waitForTimeout((SECONDS * 1_000) / rounds)
  }
  heaps.push([performance.now() / 60_000, await heap(cdp)])
  sending.stop()
  const { sent, last } = sending
  await page.waitForFunction(
    ({ last, charts }) => {
      const { newest } = (globalThis as Measured).measures
      const all = Object.values(newest)
      return all.length === charts && all.every(times => times.every(ts => ts >= last))
    },
    { last, charts: CHARTS },
  )
  const measures = await page.evaluate(() => {
    const { frames, frameCount, draws, drawCount, longTasks, received } = (globalThis as Measured).measures
    return {
      frames: [...frames.subarray(1, frameCount)],
      draws: [...draws.subarray(0, 3 * drawCount)],
      longTasks,
      received,
    }
  })
  for (const device of presses.devices) device.close()

  expect(Object.keys(measures.received)).toHaveLength(CHARTS)
  for (const [chart, counts] of Object.entries(measures.received)) {
    expect(counts, `values that came to ${chart}`).toEqual(new Array(SERIES).fill(sent.length))
  }
  const seconds = measures.frames.reduce((sum, ms) => sum + ms, 0) / 1_000
  const meanX = heaps.reduce((sum, [x]) => sum + x, 0) / heaps.length
  const meanY = heaps.reduce((sum, [, y]) => sum + y, 0) / heaps.length
  const slope =
    heaps.reduce((sum, [x, y]) => sum + (x - meanX) * (y - meanY), 0) /
    heaps.reduce((sum, [x]) => sum + (x - meanX) ** 2, 0)
  const draws = measures.draws.length / 3 / CHARTS / seconds
  console.log(
    [
      `${CHARTS} charts x ${SERIES} series x ${1_000 / EVERY_MS} Hz, ${seconds.toFixed(0)} s, ${sent.length} samples of each series`,
      `frames: ${percentiles(measures.frames)}; budget: p95 33 ms`,
      `sample to pixel: ${percentiles(ages(measures.draws, sent, CHARTS))}; budget: p95 150 ms`,
      `each chart was drawn ${draws.toFixed(1)} times a second`,
      `long tasks: ${measures.longTasks.length}, the longest ${Math.max(0, ...measures.longTasks).toFixed(0)} ms`,
      `heap: ${heaps.map(([, bytes]) => (bytes / 1e6).toFixed(1)).join(', ')} MB, ${(slope / 1e6).toFixed(2)} MB/min; budget: 1 MB/min`,
    ].join('\n'),
  )
})
