import { expect, test, vi } from 'vitest'
import type { Board, Item } from './board'
import { added, arranged, changed, removed, told } from './edits'
import { moved } from './keys'
import { differences, merged, proposed, type Side } from './merge'
import { settle } from './place'
import { aBoard, anEdit, type Random, seeded, seedOf } from './random'
import { sameBoard } from './written'

// Many random cases, on machines that are busy with other things.
vi.setConfig({ testTimeout: 30_000 })

const edits = (board: Board, random: Random, from: number, count: number) => {
  let next = board
  for (let n = 0; n < count; n++) next = anEdit(random, from + n)(next)
  return next
}

const all = (base: Board, mine: Board, theirs: Board, side: Side) =>
  merged(base, mine, theirs, new Map(differences(base, mine, theirs).map(({ key }) => [key, side])))

/** Items in the order of their names: what comes of two has no order of its own. */
const sorted = (board: Board): Board => ({
  ...board,
  items: [...board.items].sort((a, b) => (a.widget_id < b.widget_id ? -1 : 1)),
})

test('taking one side for everything gives that side', () => {
  const random = seeded(seedOf('sides'))
  for (let n = 0; n < 30; n++) {
    const base = aBoard(random, 10)
    const mine = edits(base, random, 100, 6)
    const theirs = edits(base, random, 200, 6)
    for (const [side, board] of [
      ['mine', mine],
      ['theirs', theirs],
    ] as const) {
      const got = all(base, mine, theirs, side)
      const bare = (of: Board) => sorted({ ...of, layouts: { lg: [], md: null, sm: null }, kept: base.kept })
      expect(bare(got)).toEqual(bare(board))
      expect(got.layouts.lg.map(({ i }) => i).sort()).toEqual(board.layouts.lg.map(({ i }) => i).sort())
    }
  }
})

test('who changed nothing gets what the other did, without being asked', () => {
  const random = seeded(seedOf('one side'))
  for (let n = 0; n < 30; n++) {
    const base = aBoard(random, 10)
    const other = edits(base, random, 100, 6)
    for (const [mine, theirs] of [
      [other, base],
      [base, other],
    ] as const) {
      const found = differences(base, mine, theirs)
      expect(found.filter(({ isConflict }) => isConflict)).toEqual([])
      expect(sameBoard(merged(base, mine, theirs, proposed(found)), other)).toBe(true)
    }
  }
})

test('changes to different widgets are both taken, and one to the same is asked about', () => {
  let base = aBoard(seeded(5), 40)
  const [a, b] = base.items.map(({ widget_id }) => widget_id) as [string, string]
  base = changed(changed(base, a, { title: 'a' }), b, { title: 'b' })
  const mine = told(changed(base, a, { title: 'mine' }), { name: 'my name' })
  const theirs = changed(changed(base, b, { title: 'theirs' }), a, { max_samples: 77 })
  const found = differences(base, mine, theirs)
  expect(found.map(({ key, mine, theirs, isConflict }) => [key, mine, theirs, isConflict])).toEqual([
    [`widget:${a}`, 'changed: title', 'changed: samples', true],
    [`widget:${b}`, undefined, 'changed: title', false],
    ['name', '“my name”', undefined, false],
  ])
  const got = merged(base, mine, theirs, proposed(found))
  const title = (id: string) => got.items.find(({ widget_id }) => widget_id === id)?.title
  expect([title(a), title(b), got.name]).toEqual(['mine', 'theirs', 'my name'])
  const other = merged(base, mine, theirs, new Map([...proposed(found), [`widget:${a}`, 'theirs']]))
  expect(other.items.find(({ widget_id }) => widget_id === a)?.max_samples).toBe(77)
})

test('a widget that one removed and the other changed is asked about', () => {
  const base = aBoard(seeded(9), 40)
  const id = base.items[0]?.widget_id as string
  const found = differences(base, removed(base, id), changed(base, id, { title: 'kept' }))
  const one = found.find(({ key }) => key === `widget:${id}`)
  expect([one?.mine, one?.theirs, one?.isConflict]).toEqual(['removed', 'changed: title', true])
})

test('moving a widget is not undone by somebody who adds another one', () => {
  const base = aBoard(seeded(21), 40)
  const id = base.layouts.lg.find(place => moved(base.layouts.lg, place.i, 'down', 'lg') !== base.layouts.lg)
    ?.i as string
  const mine = arranged(base, 'lg', moved(base.layouts.lg, id, 'down', 'lg'))
  const theirs = added(base, { ...(base.items[0] as Item), widget_id: 'new' }, { w: 4, h: 3 })
  const found = differences(base, mine, theirs)
  expect(found.filter(({ isConflict }) => isConflict)).toEqual([])
  const got = merged(base, mine, theirs, proposed(found))
  expect(got.items.length).toBe(theirs.items.length)
  const without = got.layouts.lg.filter(({ i }) => i !== 'new')
  expect(settle(without, 12)).toEqual(settle(mine.layouts.lg, 12))
})
