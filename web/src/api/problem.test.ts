import { expect, test } from 'vitest'
import { take } from './client'
import { advice, Problem, problemOf } from './problem'

const answer = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  take(Promise.resolve({ error: body, response: new Response(null, { status, headers }) }))

test('an answer that says no becomes a problem with its fields', async () => {
  const errors = [{ pointer: '/name', message: 'is taken' }]
  const body = { status: 409, code: 'already_exists', detail: 'name is taken', title: '', type: '', errors }
  const problem = await answer(409, body).catch(problemOf)
  expect(problem).toBeInstanceOf(Problem)
  expect(problem).toMatchObject({ status: 409, code: 'already_exists', message: 'name is taken' })
  expect((problem as Problem).fields.get('name')).toBe('is taken')
})

test('no answer is a problem that passes, and so is one of a proxy', async () => {
  const none = await take(Promise.reject(new TypeError('Failed to fetch'))).catch(problemOf)
  expect(none).toMatchObject({ status: 0, code: 'unreachable', passes: true })
  const proxy = await answer(502, '<html>Bad Gateway</html>').catch(problemOf)
  expect(proxy).toMatchObject({ status: 502, passes: true, message: 'the server answered 502' })
  const wrong = await answer(422, {}).catch(problemOf)
  expect(wrong).toMatchObject({ passes: false })
})

test('whatever it is, something can be done about it', async () => {
  const busy = await answer(429, { detail: 'not so often' }, { 'retry-after': '7' }).catch(problemOf)
  expect(advice(busy as Problem)).toBe('Try again in 7 s.')
  for (const status of [400, 401, 403, 404, 409, 422, 500, 503]) {
    expect(advice(new Problem(status, 'a_new_one', 'no')).length).toBeGreaterThan(10)
  }
  expect(problemOf(new Error('x is undefined')).message).toContain('x is undefined')
})
