import { expect, test } from 'vitest'
import { type Place, pagesFor, ranked } from './places'

const place = (name: string, kind = 'Page'): Place => ({ kind, name, to: `/${name}` })

test('pages are found by the beginnings of their words, in any order', () => {
  const pages = [place('Devices'), place('API tokens', 'Settings'), place('Audit log', 'Settings')]
  const found = (typed: string) => pagesFor(typed, pages).map(({ name }) => name)
  expect(found('tok sett')).toEqual(['API tokens'])
  expect(found('A')).toEqual(['API tokens', 'Audit log'])
  expect(found('evices')).toEqual([])
  expect(found(' ')).toHaveLength(3)
})

test('what is called so stands before what only has it in its name', () => {
  const found = ranked(
    'pump',
    ['old pump', 'pump 2', 'Pump', 'pump 1'].map(name => place(name)),
  )
  expect(found.map(({ name }) => name)).toEqual(['Pump', 'pump 2', 'pump 1', 'old pump'])
})
