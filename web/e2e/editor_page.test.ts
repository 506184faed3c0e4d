/** The flow editor around the drawing: what is not saved, what others save, a phone, many nodes. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import { hold } from './support/look'
import { people } from './support/people'

const someone = people()

const two = {
  nodes: [
    { id: 'source', type: 'device-sensor', position: { x: 0, y: 0 }, data: { label: 'Boiler' } },
    { id: 'mean', type: 'moving-average', position: { x: 264, y: 0 }, data: { label: 'Mean' } },
  ],
  edges: [{ id: 'e', source: 'source', target: 'mean' }],
}

test('what is not saved is asked for before leaving, kept in the browser, and offered again', async () => {
  const { page, owner, complaints } = await someone()
  const flow = await owner.flow('Not saved', two)
  let editor = await owner.open(flow)
  await editor.node('mean').click()
  const name = editor.inspector.getByRole('textbox', { name: 'Name' })
  await name.fill('Mean of ten')
  await page.getByRole('link', { name: 'Devices' }).click()
  const asked = page.getByRole('dialog', { name: 'Your changes are not saved' })
  await asked.waitFor()
  await hold(page, 'editor-leaving')
  await asked.getByRole('button', { name: 'Stay' }).click()
  await asked.waitFor({ state: 'detached' })
  expect(page.url()).toContain(flow)

  // the tab is closed, or loaded anew: the browser asks itself
  const dialogs: string[] = []
  page.on('dialog', dialog => {
    dialogs.push(dialog.type())
    void dialog.accept()
  })
  await page.reload()
  expect(dialogs).toEqual(['beforeunload'])
  await page.getByText('This browser keeps changes to this flow').waitFor()
  await hold(page, 'editor-recovered')
  await page.getByRole('button', { name: 'Take them up' }).click()
  await editor.node('mean').getByText('Mean of ten').waitFor()
  await page.getByText('Not saved', { exact: true }).first().waitFor()
  // as a step that can be undone
  await editor.undo().click()
  await editor.node('mean').getByText('Mean', { exact: true }).waitFor()
  await editor.redo().click()

  // it is kept also where one leaves by a link at once, and it is forgotten when it is saved
  await page.getByRole('link', { name: 'Devices' }).click()
  await asked.getByRole('button', { name: 'Leave', exact: true }).click()
  await page.waitForURL('**/devices')
  editor = await owner.open(flow)
  await page.getByRole('button', { name: 'Take them up' }).click()
  await page.getByRole('link', { name: 'Devices' }).click()
  await asked.getByRole('button', { name: 'Save and leave' }).click()
  await page.waitForURL('**/devices')
  expect((await owner.saved(flow)).nodes[1]?.data['label']).toBe('Mean of ten')
  editor = await owner.open(flow)
  await editor.node('mean').getByText('Mean of ten').waitFor()
  expect(await page.getByText('This browser keeps changes').count()).toBe(0)
  expect(complaints).toEqual([])
})

test('what others saved in between is not overwritten unasked', async () => {
  const { page, owner, complaints } = await someone()
  const flow = await owner.flow('Two at once', two)
  const editor = await owner.open(flow)
  const rename = async (to: string) => {
    await editor.node('mean').click()
    await editor.inspector.getByRole('textbox', { name: 'Name' }).fill(to)
  }
  const others = async (label: string) => {
    const nodes = two.nodes.map(node => (node.id === 'source' ? { ...node, data: { label } } : node))
    const answer = await page.request.patch(`${owner.server.url}/api/v1/flows/${flow}`, {
      data: { nodes },
      headers: { origin: owner.server.url },
    })
    expect(answer.status()).toBe(200)
  }
  await rename('Mine')
  await others('Theirs')
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  const asked = page.getByRole('dialog')
  await asked.waitFor()
  expect((await owner.saved(flow)).nodes.map(({ data }) => data['label'])).toEqual(['Theirs', 'Mean'])
  // decided later, everything is as it was; decided now, what fits together is kept of both
  await asked.getByRole('button', { name: 'Decide later' }).click()
  await asked.waitFor({ state: 'detached' })
  await editor.node('mean').getByText('Mine').waitFor()
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await asked.getByRole('button', { name: 'Save both together' }).click()
  await page.getByText('Saved, version 3').waitFor()
  await editor.node('source').getByText('Theirs').waitFor()
  expect((await owner.saved(flow)).nodes.map(({ data }) => data['label'])).toEqual(['Theirs', 'Mine'])
  // as a step that can be undone
  await editor.undo().click()
  await editor.node('source').getByText('Boiler').waitFor()
  expect(complaints).toEqual([])
})

test('on a phone a flow is looked at, and it says that it is only that', async () => {
  const { page, owner, complaints } = await someone({ viewport: { width: 390, height: 844 }, hasTouch: true })
  const flow = await owner.flow('On a phone', two)
  const editor = await owner.open(flow)
  await page.getByText('To look at only: there is no room to draw here.').waitFor()
  expect(await page.getByRole('region', { name: 'Palette' }).count()).toBe(0)
  await editor.node('mean').tap()
  const name = editor.inspector.getByRole('textbox', { name: 'Name' })
  await name.waitFor()
  expect(await name.getAttribute('readonly')).not.toBeNull()
  await hold(page, 'editor-phone', 'phone')
  // dragging moves the view and not the node
  const place = async () => {
    const [node, other] = [await editor.node('mean').boundingBox(), await editor.node('source').boundingBox()]
    return { x: node?.x ?? 0, between: (node?.x ?? 0) - (other?.x ?? 0) }
  }
  const before = await place()
  await editor.drag(editor.node('mean'), editor.node('mean'), { x: -24, y: 16 })
  await expect.poll(place).toEqual({ x: before.x - 24, between: before.between })
  expect(await editor.undo().count()).toBe(0)
  await page.getByText('Saved, version 1').waitFor()
  expect(complaints).toEqual([])
})

/** Times between frames while something is done. */
async function frames(page: Page, act: () => Promise<void>): Promise<string> {
  await page.evaluate(() => {
    const times: number[] = []
    Object.assign(window, { times })
    const frame = (at: number) => {
      times.push(at)
      if ((window as unknown as { times?: number[] }).times === times) requestAnimationFrame(frame)
    }
    requestAnimationFrame(frame)
  })
  await act()
  const times = await page.evaluate(() => {
    const holder = window as unknown as { times?: number[] }
    const times = holder.times ?? []
    delete holder.times
    return times
  })
  const gaps = times
    .slice(1)
    .map((at, n) => at - (times[n] ?? at))
    .sort((a, b) => a - b)
  const percentile = (part: number) => gaps[Math.min(gaps.length - 1, Math.floor(gaps.length * part))] ?? 0
  median = percentile(0.5)
  return `${gaps.length} frames, median ${percentile(0.5).toFixed(0)} ms, p95 ${percentile(0.95).toFixed(0)} ms, longest ${percentile(1).toFixed(0)} ms`
}
let median = 0

test('500 nodes load, pan and are dragged', { timeout: 240_000 }, async () => {
  const { page, owner, complaints } = await someone()
  const nodes = Array.from({ length: 500 }, (_, n) => ({
    id: `n${n}`,
    type: n % 20 === 0 ? 'device-sensor' : n % 20 === 19 ? 'display' : 'filter',
    position: { x: (n % 20) * 264, y: Math.floor(n / 20) * 128 },
    data: n % 20 > 0 && n % 20 < 19 ? { expression: `value > ${n}.0` } : {},
  }))
  const edges = nodes.flatMap((_, n) =>
    n % 20 === 0 ? [] : [{ id: `e${n}`, source: `n${n - 1}`, target: `n${n}` }],
  )
  const flow = await owner.flow('Many', { nodes, edges })
  const began = performance.now()
  const editor = await owner.open(flow)
  await page.locator('.react-flow__node').first().waitFor()
  await page.locator('.react-flow__edge').first().waitFor()
  console.log(`500 nodes: opened in ${(performance.now() - began).toFixed(0)} ms`)
  const shown = await page.locator('.react-flow__node').count()
  console.log(`of 500 nodes ${shown} are in the page`)
  expect(shown).toBeLessThan(150)
  await hold(page, 'editor-many')
  const box = await editor.canvas.boundingBox()
  if (!box) throw new Error('there is no canvas')
  const centre = { x: box.x + box.width / 2, y: box.y + box.height / 2 }
  const wander = async (radius: number) => {
    await page.mouse.down()
    for (let n = 0; n < 90; n++) {
      const turn = (n / 30) * Math.PI
      await page.mouse.move(centre.x + radius * Math.sin(turn), centre.y + radius * (1 - Math.cos(turn)))
    }
    await page.mouse.up()
  }
  // beside the cards, on what can be pulled
  const empty = async () => {
    const place = await page.evaluate(({ x, y }) => {
      for (let dy = 0; dy < 200; dy += 4) {
        for (let dx = 0; dx < 200; dx += 4) {
          if (document.elementFromPoint(x + dx, y + dy)?.matches('.react-flow__pane'))
            return { x: x + dx, y: y + dy }
        }
      }
      return { x, y }
    }, centre)
    await page.mouse.move(place.x, place.y)
  }
  // what the machine does by itself: others may use it too
  console.log(`at rest: ${await frames(page, () => page.waitForTimeout(1_000))}`)
  const most = Math.max(50, 3 * median)
  await empty()
  console.log(`pan: ${await frames(page, () => wander(150))}`)
  expect(median).toBeLessThan(most)
  const card = editor.page.locator('.react-flow__node').nth(Math.floor(shown / 2))
  await card.hover({ position: { x: 20, y: 10 } })
  console.log(`drag: ${await frames(page, () => wander(60))}`)
  expect(median).toBeLessThan(most)
  await page.getByRole('button', { name: 'Undo: move 1 node' }).click()
  await editor.canvas.press('f')
  await expect.poll(() => page.locator('.react-flow__node').count()).toBe(500)
  await empty()
  console.log(`pan with all of them in view: ${await frames(page, () => wander(60))}`)
  await editor.canvas.press('t')
  await page.getByText('Tidied 500 nodes').waitFor({ timeout: 60_000 })
  await editor.undo().click()
  await page.getByText('Saved, version 1').waitFor()
  expect(complaints).toEqual([])
})
