import { expect, test } from 'vitest'
import { type Diagram, EMPTY } from './diagram'
import { type History, NO_HISTORY, redone, sealed, stepped, undone } from './history'
import { numbers, randomEdit } from './testing'

const at = (x: number): Diagram => ({
  nodes: [{ id: 'a', type: 'filter', position: { x, y: 0 }, data: {} }],
  edges: [],
})

test('steps of one key are one, until they are sealed or something else is done', () => {
  let history = stepped(NO_HISTORY, at(0), 'move', 'a')
  history = stepped(history, at(1), 'move', 'a')
  expect(history.past.length).toBe(1)
  expect(undone(history, at(2))?.diagram).toEqual(at(0))
  history = stepped(sealed(history), at(2), 'move', 'a')
  expect(history.past.map(step => step.diagram)).toEqual([at(0), at(2)])
  history = stepped(history, at(3), 'move', 'b')
  expect(history.past.length).toBe(3)
  // what was undone does not go on: the next letter is a step of its own
  const back = undone(history, at(4)) as { history: History }
  expect(stepped(back.history, at(3), 'move', 'a').past.length).toBe(3)
})

test('a step after an undo forgets what was undone, and there is nothing before the first step', () => {
  const history = stepped(NO_HISTORY, at(0), 'move')
  const back = undone(history, at(1)) as { history: History }
  expect(undone(back.history, at(0))).toBeUndefined()
  expect(redone(back.history, at(0))?.diagram).toEqual(at(1))
  const other = stepped(back.history, at(0), 'move elsewhere')
  expect(redone(other, at(5))).toBeUndefined()
})

// what is compared is long, and is told only where it differs
test('200 random edits are undone to the start and done again to the end, each exactly', {
  timeout: 60_000,
}, () => {
  const seed = Number(process.env['SEED'] ?? Date.now() % 1_000_000)
  for (let round = 0; round < 3; round++) {
    const random = numbers(seed + round)
    // what each edit left behind, as it would be saved
    const told = [JSON.stringify(EMPTY)]
    let [draft, history]: [Diagram, History] = [EMPTY, NO_HISTORY]
    while (told.length <= 200) {
      const next = randomEdit(draft, random)
      if (next === draft) continue
      history = stepped(history, draft, 'edit')
      draft = next
      told.push(JSON.stringify(draft))
    }
    const where = (step: number) => `SEED=${seed}, round ${round}, step ${step}`
    for (let step = 199; step >= 0; step--) {
      const turned = undone(history, draft)
      if (!turned) throw new Error(`nothing to undo at ${where(step)}`)
      ;({ history, diagram: draft } = turned)
      if (JSON.stringify(draft) !== told[step]) expect(JSON.stringify(draft), where(step)).toBe(told[step])
    }
    expect(undone(history, draft)).toBeUndefined()
    for (let step = 1; step <= 200; step++) {
      const turned = redone(history, draft)
      if (!turned) throw new Error(`nothing to do again at ${where(step)}`)
      ;({ history, diagram: draft } = turned)
      if (JSON.stringify(draft) !== told[step]) expect(JSON.stringify(draft), where(step)).toBe(told[step])
    }
    expect(redone(history, draft)).toBeUndefined()
  }
})
