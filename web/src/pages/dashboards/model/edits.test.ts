import { expect, test, vi } from 'vitest'
import { type Board, boardOf, boxes, emptyBoard, guests, layoutOf, type Stored, type Template } from './board'
import { added, arranged, duplicated, followed, joined, removed } from './edits'
import { fileOf, NotADashboard, readFile } from './file'
import { begin, pause, redo, step, undo } from './history'
import { overlap, SIZES } from './place'
import { aBoard, anEdit, seeded, seedOf } from './random'
import { sameBoard, templateBody, widgetBodies } from './written'

// Many random cases, on machines that are busy with other things.
vi.setConfig({ testTimeout: 30_000 })

const ORGANIZATION = 'organization-1'
const empty: Stored = {
  template: {
    id: 'dashboard-1',
    organization_id: ORGANIZATION,
    version: 1,
    ...templateBody(emptyBoard('new')),
  } as unknown as Template,
  widgets: [],
}

/** What the server makes of a save: widgets that it knows stay in their order, new ones come behind. */
function saved(before: Stored, board: Board): Stored {
  const bodies = widgetBodies(board)
  const old = before.widgets.flatMap(({ widget_id, id }) => {
    const body = bodies.get(widget_id)
    bodies.delete(widget_id)
    return body ? [{ ...body, id }] : []
  })
  const made = [...bodies].map(([name, body]) => ({ ...body, id: `id of ${name}` }))
  const told = { template: { ...before.template, ...templateBody(board) }, widgets: [...old, ...made] }
  return JSON.parse(JSON.stringify(told)) as Stored
}

test('a dashboard is saved and read again as it was, whatever was done to it before', () => {
  const random = seeded(seedOf('saved'))
  for (let n = 0; n < 40; n++) {
    let board = aBoard(random, 12)
    let stored = saved(empty, board)
    for (let save = 0; save < 3; save++) {
      const read = boardOf(stored.template, stored.widgets)
      expect(sameBoard(read, board)).toBe(true)
      for (const size of SIZES) {
        const sorted = (layout: readonly { i: string }[]) => [...layout].sort((a, b) => (a.i < b.i ? -1 : 1))
        expect(sorted(layoutOf(read, size))).toEqual(sorted(layoutOf(board, size)))
      }
      for (let edit = 0; edit < 5; edit++) board = anEdit(random, 100 + save * 10 + edit)(board)
      stored = saved(stored, board)
    }
  }
})

test('each box has exactly one place for each width, and no place is without its box', () => {
  const random = seeded(seedOf('places'))
  for (let n = 0; n < 40; n++) {
    const board = aBoard(random, 20)
    const ids = boxes(board.items).map(item => item.widget_id)
    for (const size of SIZES) {
      const layout = layoutOf(board, size)
      expect(layout.map(({ i }) => i).sort()).toEqual([...ids].sort())
      expect(layout.some(a => layout.some(b => overlap(a, b)))).toBe(false)
    }
  }
})

test('all steps are undone to the beginning and redone to the end', () => {
  const random = seeded(seedOf('undo'))
  for (let n = 0; n < 20; n++) {
    const first = aBoard(random, 5)
    let steps = begin(first)
    const seen = [first]
    for (let edit = 0; edit < 60; edit++) {
      steps = step(steps, anEdit(random, 100 + edit)(steps.now))
      if (steps.now !== seen.at(-1)) seen.push(steps.now)
    }
    const last = steps.now
    for (const was of seen.toReversed()) {
      expect(steps.now).toBe(was)
      steps = undo(steps)
    }
    expect(steps.now).toBe(first)
    expect(undo(steps)).toBe(steps)
    for (const was of seen) {
      expect(steps.now).toBe(was)
      steps = redo(steps)
    }
    expect(steps.now).toBe(last)
    expect(redo(steps)).toBe(steps)
  }
})

test('letters that are typed into one field are one step, until it is left', () => {
  let steps = begin('')
  for (const text of ['T', 'Te', 'Tem']) steps = step(steps, text, 'title')
  expect(undo(steps).now).toBe('')
  steps = step(pause(steps), 'Temp', 'title')
  expect(undo(steps).now).toBe('Tem')
  steps = step(steps, 'other', 'unit')
  expect(undo(steps).now).toBe('Temp')
  expect(redo(step(undo(steps), 'new')).now).toBe('new')
})

test('an exported dashboard is imported as it was, but for its project', () => {
  const random = seeded(seedOf('file'))
  for (let n = 0; n < 40; n++) {
    const board = aBoard(random, 15)
    const names = { devices: { 'device-1': 'boiler' }, flows: {} }
    const read = readFile(JSON.stringify(fileOf(board, names)))
    expect(read).toEqual({ board: { ...board, project_id: null }, names })
  }
})

test('what is no dashboard is refused with the reason', () => {
  const board = aBoard(seeded(1), 15)
  const whole = JSON.parse(JSON.stringify(fileOf(board, { devices: {}, flows: {} })))
  const [first] = whole.board.items
  for (const [content, why] of [
    ['{', 'not JSON'],
    ['[]', 'not a dashboard'],
    [JSON.stringify({ ...whole, version: 9 }), 'version 9'],
    [JSON.stringify({ ...whole, board: { items: [{ ...first, widget_type: 'clock' }] } }), '“clock”'],
    [JSON.stringify({ ...whole, board: { items: [first, first] } }), 'same id'],
  ] as const) {
    expect(() => readFile(content)).toThrow(NotADashboard)
    expect(() => readFile(content)).toThrow(why)
  }
})

test('a file with places that make no sense becomes a dashboard that does', () => {
  const board = aBoard(seeded(3), 15)
  const told = JSON.parse(JSON.stringify(fileOf(board, { devices: {}, flows: {} })))
  for (const place of told.board.layouts.lg) Object.assign(place, { x: 99, y: -3, w: 'wide', h: 1e9 })
  const read = readFile(JSON.stringify(told)).board
  for (const a of layoutOf(read, 'lg')) {
    expect(a.x + a.w).toBeLessThanOrEqual(12)
    expect(a.h).toBeLessThanOrEqual(1_000)
  }
  expect(widgetBodies(read).size).toBe(board.items.length)
})

test('a widget goes with the series that it draws, and is copied with them', () => {
  const make = (widget_id: string) =>
    ({ ...(aBoard(seeded(7), 30).items[0] as never as object), widget_id }) as never
  let board = added(emptyBoard('b'), make('chart'), { w: 4, h: 4 })
  board = joined(joined(board, make('one'), 'chart'), make('two'), 'chart')
  expect(board.layouts.lg.map(({ i }) => i)).toEqual(['chart'])
  board = duplicated(board, 'chart', 'copy')
  const copy = board.items.find(({ widget_id }) => widget_id === 'copy')
  expect(copy && guests(board.items, copy).map(({ widget_id }) => widget_id)).toEqual(['copy-1', 'copy-2'])
  board = removed(board, 'chart')
  expect(board.items.map(({ widget_id }) => widget_id)).toEqual(['copy', 'copy-1', 'copy-2'])
})

test('a narrow layout follows the wide one until somebody arranges it, and again when they say so', () => {
  const random = seeded(11)
  let board = emptyBoard('b')
  for (let n = 0; board.items.length < 3; n++) board = anEdit(seeded(n + 1), n)(board)
  const phone = layoutOf(board, 'sm')
  const turned = phone.map((place, n) => ({ ...place, y: phone.length - n, x: 0 }))
  const own = arranged(board, 'sm', turned)
  expect(own.layouts.sm).not.toBeNull()
  const more = anEdit(
    random,
    99,
  )(added(own, { ...(board.items[0] as never as object), widget_id: 'new' } as never, { w: 2, h: 2 }))
  expect(more.layouts.sm?.length).toBe(boxes(more.items).length)
  expect(followed(own, 'sm').layouts.sm).toBeNull()
  expect(layoutOf(followed(own, 'sm'), 'sm')).toEqual(phone)
})
