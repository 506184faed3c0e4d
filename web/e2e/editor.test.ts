/** The flow editor, as it is drawn with: by mouse, by keyboard, and back and forth. */
import type { Page } from 'playwright-core'
import { expect, test } from 'vitest'
import type { Drawn, Editor } from './support/editor'
import { hold } from './support/look'
import { people } from './support/people'

const someone = people()

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

/** Tab by tab to where the palette is searched. */
async function toPalette(page: Page): Promise<void> {
  for (let n = 0; n < 40; n++) {
    if (await page.evaluate(() => document.activeElement?.matches('[data-palette-search]'))) return
    await page.keyboard.press('Tab')
  }
  throw new Error('Tab does not lead to the palette')
}

test('the same flow built by keyboard alone', async () => {
  const { page, owner, complaints } = await someone()
  const { id: device } = await owner.device('boiler')
  const flow = await owner.flow('By keyboard')
  const editor = await owner.open(flow)
  const { keyboard } = page
  await toPalette(page)
  await keyboard.type('device sensor')
  await keyboard.press('Enter')
  await page.getByText('Device sensor added').waitFor()
  // empties the search, then goes to the canvas
  await keyboard.press('Escape')
  await keyboard.type('filter')
  await keyboard.press('Shift+Enter')
  await page.getByText('Connected Device sensor to Filter').waitFor()
  await keyboard.press('Escape')
  await keyboard.type('display')
  await keyboard.press('Enter')
  await page.getByText('Display added').waitFor()
  await keyboard.press('Escape')
  await keyboard.press('Escape')

  // from the display back to the filter, and from there to the display
  await keyboard.press('ArrowLeft')
  await page.getByText('Filter; from Device sensor').waitFor()
  await keyboard.press('c')
  await page.getByRole('dialog', { name: 'Connect' }).waitFor()
  await hold(page, 'editor-connect')
  await page.keyboard.type('disp')
  await keyboard.press('Enter')
  await page.getByText('Connected Filter to Display').waitFor()
  await page.getByRole('dialog').waitFor({ state: 'detached' })

  await keyboard.press('Enter')
  await keyboard.press('Tab')
  await keyboard.press('Tab')
  await page.waitForFunction(() => document.activeElement?.getAttribute('aria-label') === 'Expression')
  await keyboard.type('value > 30.0')
  // goes out of the text, and not into it
  await keyboard.press('Tab')
  await editor.canvas.focus()
  await keyboard.press('ArrowLeft')
  await page.getByText('Device sensor; to Filter').waitFor()
  await keyboard.press('Enter')
  await keyboard.press('Tab')
  await keyboard.press('Tab')
  await keyboard.type('boil')
  await page.getByRole('option', { name: 'boiler' }).waitFor()
  await keyboard.press('ArrowDown')
  await keyboard.press('Enter')
  await page.getByText('No problems').waitFor()

  await editor.canvas.focus()
  await keyboard.press('Shift+ArrowDown')
  await keyboard.press('Shift+ArrowDown')
  await keyboard.press('Control+s')
  await page.getByText('Saved, version 2').waitFor()
  const { nodes, edges } = await owner.saved(flow)
  const y = nodes.map(({ position }) => position?.y ?? 0)
  expect((y[0] ?? 0) - (y[1] ?? 0)).toBe(16)
  expect(nodes.map(({ type, data }) => [type, data])).toEqual([
    ['device-sensor', { devices: [device] }],
    ['filter', { expression: 'value > 30.0' }],
    ['display', {}],
  ])
  expect(edges.map(({ source, target }) => `${source} ${target}`)).toEqual([
    'device-sensor filter',
    'filter display',
  ])
  expect((await owner.problems(flow)).valid).toBe(true)

  await keyboard.press('Delete')
  await page.getByText('Deleted 1 node').waitFor()
  await keyboard.press('Control+z')
  await page.getByText('Undone: delete 1 node').waitFor()
  await page.getByText('Saved, version 2').waitFor()
  await keyboard.press('?')
  await page.getByRole('dialog', { name: 'Keys of the canvas' }).waitFor()
  await hold(page, 'editor-keys')
  await keyboard.press('Escape')
  expect(complaints).toEqual([])
})

test('an edge that may not be is refused with its reason', async () => {
  const { page, owner, complaints } = await someone()
  const at = (x: number, y: number) => ({ position: { x, y } })
  const flow = await owner.flow('Refused', {
    nodes: [
      { id: 'source', type: 'device-sensor', ...at(0, 0), data: { label: 'Boiler' } },
      { id: 'words', type: 'validate', ...at(264, 0), data: { label: 'Only words', types: ['text'] } },
      { id: 'mean', type: 'moving-average', ...at(528, 0), data: { label: 'Mean' } },
      { id: 'note', type: 'comment', ...at(0, 200), data: { text: 'Why' } },
    ],
    edges: [{ id: 'e', source: 'source', target: 'words' }],
  })
  const editor = await owner.open(flow)
  const edges = page.locator('.react-flow__edge')
  const refused = async (reason: string) => {
    await editor.notice.getByText(reason).waitFor()
    expect(await edges.count()).toBe(1)
  }
  // direction: an output to an output, and into a source
  await editor.drag(editor.port('words', 'out:out'), editor.port('source', 'out:out'))
  await refused('Both are outputs')
  await editor.drag(editor.port('words', 'out:out'), editor.node('source'))
  await refused('“Boiler” is a source: nothing can lead into it.')
  await editor.drag(editor.port('words', 'out:out'), editor.node('note'))
  await refused('Nothing runs for a note')
  // while it is drawn, the reason stands beside the pointer
  await editor.hover('words', 'out:out', 'source', 'out:out')
  await page.locator('.react-flow__connection').getByText('Both are outputs').waitFor()
  await hold(page, 'editor-drawn')
  await page.mouse.up()
  await editor.draw('source', 'out:out', 'words')
  await refused('already leads there')
  await editor.draw('words', 'out:error', 'words')
  await refused('would feed itself')
  // types: what the server knows of what comes in
  await editor.draw('words', 'out:out', 'mean')
  await refused('“Mean”: the node needs a number, and what comes in is text.')
  await hold(page, 'editor-refused')
  // numbers may go where words may not
  await editor.draw('words', 'out:rejected', 'mean')
  await page.getByText('Connected Only words to Mean').waitFor()
  // a circle
  await editor.draw('mean', 'out:out', 'words')
  await editor.notice.getByText('they would feed each other in a circle').waitFor()
  expect(await edges.count()).toBe(2)
  // and by keyboard, where the reason stands in the list
  await editor.node('mean').click()
  await editor.canvas.press('c')
  await page.getByRole('dialog').getByText('they would feed each other in a circle').waitFor()
  expect(complaints).toEqual([])
})

/** Numbers from 0 to 1, the same for the same seed. */
function numbers(seed: number): () => number {
  let state = seed % 2_147_483_647 || 1
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** Something that somebody could do next; most of it changes the diagram. */
async function act(editor: Editor, random: () => number): Promise<void> {
  const { page, canvas, inspector } = editor
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)] as T
  const key = (name: string) => canvas.press(name)
  const arrow = () => `Arrow${pick(['Left', 'Right', 'Up', 'Down'])}`
  const count = await page.locator('.react-flow__node').count()
  switch (Math.floor(random() * 12)) {
    case 0:
    case 1: {
      await key('/')
      await page.keyboard.type(pick(['filter', 'moving', 'display', 'window', 'comment', 'switch']))
      await page.keyboard.press(pick(['Enter', 'Shift+Enter']))
      await page.keyboard.press('Escape')
      return
    }
    case 2:
      return key(`Shift+${arrow()}`)
    case 3:
      return key(`Control+${arrow()}`)
    case 4:
      return count < 40 ? key('Control+d') : key('Delete')
    case 5:
      return key(pick(['g', 'Shift+G', 'Delete']))
    case 6:
      await key('t')
      await editor.notice.getByText(/tidy|Tidied/i).waitFor()
      return
    case 7: {
      await key('n')
      await key('c')
      const choices = page
        .getByRole('list', { name: 'Where it may lead' })
        .locator('button:not([aria-disabled="true"])')
      const dialog = page.getByRole('dialog')
      await dialog.waitFor()
      if ((await choices.count()) > 0) {
        await choices.nth(Math.floor(random() * (await choices.count()))).click()
        await Promise.race([dialog.waitFor({ state: 'detached' }), dialog.getByRole('alert').waitFor()])
      }
      if ((await dialog.count()) > 0) await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
      return
    }
    case 8: {
      await key('n')
      const name = inspector.getByRole('textbox', { name: 'Name' })
      if ((await name.count()) > 0) await name.fill(`called ${Math.floor(random() * 1_000)}`)
      return
    }
    case 9: {
      await key('Control+a')
      await key(pick(['Control+c', 'Control+x']))
      await key(count < 40 ? 'Control+v' : 'Escape')
      return
    }
    case 10: {
      await key('n')
      await key('f')
      // Looked for at once: what leaves the view while all of it is brought in is taken out of the page.
      const box = await page.evaluate(() => {
        const at = document.querySelector('.react-flow__node.selected')?.getBoundingClientRect()
        return at && { x: at.x, y: at.y }
      })
      if (!box) return
      await page.mouse.move(box.x + 30, box.y + 10)
      await page.mouse.down()
      await page.mouse.move(box.x + 30 + random() * 120, box.y + 10 + random() * 120, { steps: 3 })
      await page.mouse.up()
      return
    }
    default:
      return key(pick(['n', arrow(), 'Escape']))
  }
}

const drawing = ({ nodes, edges }: Drawn) => ({ nodes, edges })

test('200 random edits are undone to the start and done again to the end', { timeout: 600_000 }, async () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
  console.log(`random edits: SEED=${seed}`)
  const { page, owner, complaints } = await someone()
  const start = {
    nodes: [
      {
        id: 'a',
        type: 'device-sensor',
        position: { x: 3, y: 5 },
        data: { mine: [1, { deep: true }] },
        own: 'kept',
      },
      { id: 'b', type: 'filter', position: { x: 300, y: 40 }, data: {} },
    ],
    edges: [{ id: 'e', source: 'a', target: 'b', animated: true }],
  }
  const flow = await owner.flow('Back and forth', start)
  const before = drawing(await owner.saved(flow))
  expect(before).toEqual(start)
  const editor = await owner.open(flow)
  const random = numbers(seed)
  for (let edits = 0; edits < 200; ) {
    const label = await editor.undo().getAttribute('aria-label')
    await act(editor, random)
    if ((await editor.undo().getAttribute('aria-label')) !== label) edits += 1
  }
  const save = async () => {
    await editor.canvas.press('Control+s')
    await page.getByText('Saved, version').waitFor()
    return drawing(await owner.saved(flow))
  }
  const after = await save()
  console.log(`after them: ${after.nodes.length} nodes, ${after.edges.length} edges`)
  let steps = 0
  for (; await editor.undo().isEnabled(); steps++) await editor.canvas.press('Control+z')
  expect(steps).toBeGreaterThanOrEqual(200)
  expect(await save(), `SEED=${seed}`).toEqual(before)
  let again = 0
  for (; await editor.redo().isEnabled(); again++) await editor.canvas.press('Control+Shift+Z')
  expect(again).toBe(steps)
  expect(await save(), `SEED=${seed}`).toEqual(after)
  expect(complaints).toEqual([])
})
