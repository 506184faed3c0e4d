import { expect, test } from 'vitest'
import { Scheduler } from './schedule'

/** A screen whose frames come when the test says so, and drawings that take the time that they are given. */
function fixture() {
  let now = 0
  let next: ((began: number) => void) | undefined
  const scheduler = new Scheduler({
    request: frame => {
      next = frame
    },
    now: () => now,
  })
  const drawn: string[] = []
  const drawing =
    (name: string, ms = 0) =>
    () => {
      now += ms
      drawn.push(name)
    }
  /** The next frame, so long after the one before. */
  const frame = (after = 16) => {
    now += after
    const call = next
    next = undefined
    call?.(now)
    return call !== undefined
  }
  return { scheduler, drawn, drawing, frame }
}

test('what is marked often is drawn once, and nothing is asked for when nothing is marked', () => {
  const { scheduler, drawn, drawing, frame } = fixture()
  const draw = drawing('a')
  scheduler.mark(draw)
  scheduler.mark(draw)
  frame()
  expect(drawn).toEqual(['a'])
  expect(frame()).toBe(false)
})

test('what was taken back is not drawn', () => {
  const { scheduler, drawn, drawing, frame } = fixture()
  const draw = drawing('a')
  scheduler.mark(draw)
  scheduler.unmark(draw)
  frame()
  expect(drawn).toEqual([])
})

test('a frame has its time, and what does not fit comes before what is marked later', () => {
  const { scheduler, drawn, drawing, frame } = fixture()
  const all = ['a', 'b', 'c', 'd'].map(name => drawing(name, 5))
  for (const draw of all) scheduler.mark(draw)
  frame()
  expect(drawn).toEqual(['a', 'b'])
  scheduler.mark(all[0] as () => void)
  frame()
  frame()
  expect(drawn).toEqual(['a', 'b', 'c', 'd', 'a'])
})

test('nobody is left out, however much is marked all the time', () => {
  const { scheduler, drawn, drawing, frame } = fixture()
  const all = Array.from({ length: 20 }, (_, n) => drawing(String(n), 3))
  for (let n = 0; n < 70; n++) {
    for (const draw of all) scheduler.mark(draw)
    frame()
  }
  for (let n = 0; n < 20; n++)
    expect(drawn.filter(name => name === String(n)).length, String(n)).toBeGreaterThan(8)
})

test('frames that come late have fewer drawings, and some at least; in time they have more again', () => {
  const { scheduler, drawing, frame } = fixture()
  const all = Array.from({ length: 20 }, (_, n) => drawing(String(n)))
  const go = (frames: number, ms: number) => {
    for (let n = 0; n < frames; n++) {
      for (const draw of all) scheduler.mark(draw)
      frame(ms)
    }
  }
  go(10, 50)
  expect(scheduler.most).toBe(4)
  go(10, 16)
  expect(scheduler.most).toBeGreaterThan(8)
  const before = scheduler.most
  // a tab that was away for a while is not slow
  go(1, 60_000)
  expect(scheduler.most).toBe(before)
})
