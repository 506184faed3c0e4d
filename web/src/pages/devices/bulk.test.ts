import { expect, test } from 'vitest'
import { Chance, seeds } from '../../parts/random'
import { csv, parse, ROWS_MAX, reason, tokensCsv } from './bulk'

test('what is written as CSV is read as it was', () => {
  const pieces = ['a', 'ü', '"', ',', '\n', '\r\n', ' ', ';']
  for (const seed of seeds(300)) {
    const chance = new Chance(seed)
    const cell = () => Array.from({ length: chance.upTo(6) }, () => chance.of(pieces)).join('')
    const made = Array.from({ length: chance.upTo(5) }, () => ({ id: cell(), name: cell(), token: cell() }))
    const records = csv(tokensCsv(made))
    const cells = Array.isArray(records) ? records.slice(1).map(({ cells }) => cells) : records
    expect(cells, `seed ${seed}`).toEqual(made.map(({ id, name, token }) => [id, name, token]))
  }
})

test('rows know their lines, also behind a cell of several and an empty one', () => {
  const { rows, problem } = parse('name,description\n"a","two\nlines"\n\nb,\n', false)
  expect(problem).toBeUndefined()
  expect(rows).toEqual([
    { line: 2, fields: { name: 'a', description: 'two\nlines' } },
    { line: 5, fields: { name: 'b' } },
  ])
})

test('a file that cannot be read is refused with its line', () => {
  const wrong = (text: string, isJson = false) => parse(text, isJson).problem
  expect(wrong('device,kind\na,b\n')?.message).toContain('no “name”')
  expect(wrong('name,kind\na\n')).toEqual({
    line: 2,
    message: 'This line has 1 cells, where the first has 2.',
  })
  expect(wrong('name\n"a\n')?.line).toBe(2)
  expect(wrong('name\n"a"b\n')).toEqual({
    line: 2,
    message: 'There is text where a comma or the end of the line should be.',
  })
  expect(wrong('{"name":"a"}\n[1]\n', true)).toEqual({ line: 2, message: 'This line is no JSON object.' })
  expect(wrong('{"name":', true)).toEqual({ line: 1, message: 'This line is no JSON.' })
  expect(wrong('name\n')?.message).toBe('The file has no devices.')
  const many = `name\n${'x\n'.repeat(ROWS_MAX + 1)}`
  expect(wrong(many)).toEqual({ line: ROWS_MAX + 2, message: expect.stringContaining('5,000') })
})

test('why a row made none is said in a sentence', () => {
  const errors = [{ pointer: '/name', message: 'is taken' }]
  expect(reason({ line: 1, status: 409, detail: 'x', errors })).toBe('Name is taken.')
  expect(reason({ line: 1, status: 403, detail: 'you may have 5 devices' })).toBe('You may have 5 devices.')
  expect(reason({ line: 1, status: 201, device: { id: '', name: '' }, token: '' })).toBeUndefined()
})
