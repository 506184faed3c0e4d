import { expect, test, vi } from 'vitest'
import { moved, resized } from './keys'
import { COLUMNS, free, type Layout, narrowed, overlap, type Place, rows, SIZES, settle } from './place'
import { type Random, seeded, seedOf } from './random'

// Many random cases, on machines that are busy with other things.
vi.setConfig({ testTimeout: 30_000 })

const at = (i: string, x: number, y: number, w: number, h: number): Place => ({ i, x, y, w, h })

function messy(random: Random): Place[] {
  const whole = (most: number) => Math.floor(random() * most)
  return Array.from({ length: whole(12) }, (_, n) => ({
    ...at(`w${n}`, whole(16) - 2, whole(20), 1 + whole(14), 1 + whole(5)),
    ...(random() < 0.3 ? { minW: 1 + whole(4), minH: 1 + whole(3) } : {}),
  }))
}

function check(layout: Layout, columns: number): void {
  const wrong = layout.flatMap(a => {
    const { i, x, y, w, h, minW = 1, minH = 1 } = a
    // Each stands at the top or right below another one.
    const holds = (b: Place) => b.i !== i && b.y + b.h === y && b.x < x + w && x < b.x + b.w
    return [
      ...(x < 0 || x + w > columns ? [`${i} is beyond the page`] : []),
      ...(w < Math.min(minW, columns) || h < minH ? [`${i} is too small`] : []),
      ...layout.filter(b => overlap(a, b)).map(b => `${i} lies over ${b.i}`),
      ...(y > 0 && !layout.some(holds) ? [`${i} hangs in the air`] : []),
    ]
  })
  expect(wrong).toEqual([])
}

test('whatever is thrown onto the grid settles without overlaps and gaps, and then stays', () => {
  const random = seeded(seedOf('settle'))
  for (let n = 0; n < 100; n++) {
    const thrown = messy(random)
    for (const size of SIZES) {
      const settled = settle(thrown, COLUMNS[size])
      check(settled, COLUMNS[size])
      expect(settle(settled, COLUMNS[size])).toEqual(settled)
      expect(settled.map(({ i }) => i)).toEqual(thrown.map(({ i }) => i))
    }
  }
})

test('narrower pages have each widget, without overlaps, and it never grows beyond them', () => {
  const random = seeded(seedOf('narrowed'))
  for (let n = 0; n < 100; n++) {
    const wide = settle(messy(random), COLUMNS.lg)
    for (const size of SIZES) {
      const narrow = narrowed(wide, size)
      expect(narrow.map(({ i }) => i)).toEqual(wide.map(({ i }) => i))
      check(narrow, COLUMNS[size])
    }
  }
})

test('keys move and resize as a drag would, and leave a settled grid', () => {
  const random = seeded(seedOf('keys'))
  for (let n = 0; n < 100; n++) {
    let layout: Layout = settle(messy(random), COLUMNS.lg)
    for (let step = 0; step < 10 && layout.length > 0; step++) {
      const to = (['left', 'right', 'up', 'down'] as const)[Math.floor(random() * 4)] ?? 'left'
      const { i } = layout[Math.floor(random() * layout.length)] as Place
      layout = (random() < 0.5 ? moved : resized)(layout, i, to, 'lg')
      check(layout, COLUMNS.lg)
    }
  }
})

test('down goes past the widget below, and up goes back', () => {
  const layout = [at('a', 0, 0, 4, 2), at('b', 0, 2, 4, 3), at('c', 4, 0, 4, 4)]
  const down = moved(layout, 'a', 'down', 'lg')
  expect(down).toEqual([at('a', 0, 3, 4, 2), at('b', 0, 0, 4, 3), at('c', 4, 0, 4, 4)])
  expect(moved(down, 'a', 'up', 'lg')).toEqual(layout)
  expect(moved(layout, 'a', 'up', 'lg')).toBe(layout)
  expect(moved(layout, 'a', 'left', 'lg')).toBe(layout)
})

test('a widget cannot be made smaller than its least size, or wider than the page', () => {
  const least = [{ ...at('a', 10, 0, 2, 2), minW: 2, minH: 2 }]
  for (const to of ['left', 'up', 'right'] as const) expect(resized(least, 'a', to, 'lg')).toBe(least)
  expect(resized(least, 'a', 'down', 'lg')[0]?.h).toBe(3)
})

test('a new widget goes to the first room that is large enough', () => {
  const layout = [at('a', 0, 0, 6, 2), at('b', 9, 0, 3, 4)]
  expect(free(layout, 3, 2, 12)).toEqual({ x: 6, y: 0 })
  expect(free(layout, 4, 2, 12)).toEqual({ x: 0, y: 2 })
  expect(free(layout, 12, 1, 12)).toEqual({ x: 0, y: 4 })
  expect(rows(layout)).toBe(4)
})
