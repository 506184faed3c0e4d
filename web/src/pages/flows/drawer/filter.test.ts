import { expect, test } from 'vitest'
import { filterOf } from './filter'

const values = [21.5, 30, -4, 'heating', true, { lat: 1 }]
const found = (typed: string) => values.filter(filterOf(typed))

test('numbers are compared, and everything else is looked for in the text', () => {
  expect(found('')).toEqual(values)
  expect(found('> 21.5')).toEqual([30])
  expect(found('>=21.5')).toEqual([21.5, 30])
  expect(found('<0')).toEqual([-4])
  expect(found('<= 21.5')).toEqual([21.5, -4])
  expect(found('= 30')).toEqual([30])
  expect(found('= heating')).toEqual(['heating'])
  expect(found('!= 30')).not.toContain(30)
  expect(found('HEAT')).toEqual(['heating'])
  expect(found('lat')).toEqual([{ lat: 1 }])
  expect(found('> hot')).toEqual([])
})
