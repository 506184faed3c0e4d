/** The ways over HTTP, against a `fetch` that the test answers. */
import { afterEach, expect, test, vi } from 'vitest'
import { EventReader, events } from './events'
import type { Inbound } from './frames'
import { polling } from './polling'
import type { Way } from './transport'

afterEach(() => vi.unstubAllGlobals())

/** Lets promises and what waits for no time go on. */
const settle = () => new Promise(resolve => setTimeout(resolve, 5))

interface Question {
  path: string
  query: URLSearchParams
  headers: Record<string, string>
  signal: AbortSignal
  answer(response: Response): void
}

function world() {
  const questions: Question[] = []
  vi.stubGlobal(
    'fetch',
    (address: string, init: { headers: Record<string, string>; signal: AbortSignal }) => {
      return new Promise<Response>((resolve, reject) => {
        const url = new URL(address, 'http://edgesync')
        init.signal.addEventListener('abort', () => reject(new DOMException('stopped', 'AbortError')))
        questions.push({
          path: url.pathname,
          query: url.searchParams,
          headers: init.headers,
          signal: init.signal,
          answer: resolve,
        })
      })
    },
  )
  return questions
}

async function opened(way: Way) {
  const frames: Inbound[] = []
  const ends: number[] = []
  const open = vi.fn()
  const connection = way.open({ open, frame: frame => frames.push(frame), closed: code => ends.push(code) })
  await settle()
  expect(open).toHaveBeenCalledTimes(1)
  return { connection, frames, ends }
}

const sub = (id: number, more = {}) => ({ t: 'sub' as const, id, points: 9, widget: `w${id}`, ...more })
const snap = { t: 'snap', id: 0, epoch: 1, offset: 5, ts: [1], v: [2], recovered: false }
const poll = (frames: unknown[], offset: number) => Response.json({ frames, epoch: 1, offset })

test('events are read however they are cut', () => {
  const text =
    ': hello\n\nretry: 2000\n\nevent: snap\nid: 1:5\ndata: {"a":1}\n\ndata: {"b":\ndata: 2}\r\n\r\n'
  const whole = new EventReader().take(text)
  expect(whole).toEqual(['{"a":1}', '{"b":\n2}'])
  for (let size = 1; size < 8; size++) {
    const reader = new EventReader()
    const told = []
    for (let at = 0; at < text.length; at += size) told.push(...reader.take(text.slice(at, at + size)))
    expect(told, `pieces of ${size}`).toEqual(whole)
  }
})

test('a stream begins where it is told to, and its frames are those of the subscription', async () => {
  const questions = world()
  const { connection, frames, ends } = await opened(events())
  connection.send(sub(7, { since: { epoch: 3, offset: 44 }, max_hz: 4 }))
  await settle()
  expect(questions[0]?.path).toBe('/api/v1/live/w7/events')
  expect(questions[0]?.headers['last-event-id']).toBe('3:44')
  expect(questions[0]?.query.get('max_hz')).toBe('4')
  questions[0]?.answer(new Response(`event: snap\ndata: ${JSON.stringify(snap)}\n\n`))
  await settle()
  expect(frames).toEqual([{ ...snap, id: 7 }])
  // the stream is over, and so is the connection
  expect(ends).toEqual([1006])
})

test('who has a share link shows it in a header, at the addresses of links', async () => {
  const questions = world()
  for (const way of [events('esl_1'), polling('esl_1')]) {
    const { connection } = await opened(way)
    connection.send(sub(1, { from: 1_000 }))
    await settle()
    connection.close()
  }
  expect(questions.map(({ path }) => path)).toEqual([
    '/api/v1/shared/widgets/w1/events',
    '/api/v1/shared/widgets/w1/poll',
  ])
  for (const { headers, query } of questions) {
    expect(headers['authorization']).toBe('Bearer esl_1')
    expect(query.get('from')).toBe('1000')
  }
})

test('a refusal ends what it is about: the session, or one source', async () => {
  for (const way of [events(), polling()]) {
    const questions = world()
    const { connection, frames, ends } = await opened(way)
    connection.send(sub(1))
    await settle()
    questions[0]?.answer(Response.json({ code: 'not_found', detail: 'no such widget' }, { status: 404 }))
    await settle()
    expect(frames).toEqual([{ t: 'err', id: 1, code: 'not_found', message: 'no such widget' }])
    expect(ends).toEqual([])
    connection.send(sub(2))
    await settle()
    questions[1]?.answer(Response.json({ code: 'unauthorized', detail: 'log in' }, { status: 401 }))
    await settle()
    expect(ends).toEqual([4401])
  }
})

test('what is no widget has no way over HTTP, and says so', async () => {
  world()
  for (const way of [events(), polling()]) {
    const { connection, frames } = await opened(way)
    connection.send({ t: 'sub', id: 3, points: 1, device: 'd', sensor: 's' })
    await settle()
    expect(frames).toMatchObject([{ t: 'err', id: 3, code: 'unavailable' }])
    connection.close()
  }
})

test('each poll asks from where the one before ended, and waits at the server', async () => {
  const questions = world()
  const { connection, frames } = await opened(polling())
  connection.send(sub(1, { from: 500 }))
  await settle()
  expect(questions[0]?.query.get('from')).toBe('500')
  expect(questions[0]?.query.get('wait_s')).toBe('25')
  questions[0]?.answer(poll([snap], 5))
  await settle()
  expect(frames).toEqual([{ ...snap, id: 1 }])
  expect(Object.fromEntries(questions[1]?.query ?? [])).toMatchObject({ epoch: '1', offset: '5' })
  expect(questions[1]?.query.has('from')).toBe(false)
  questions[1]?.answer(poll([], 6))
  await settle()
  expect(questions[2]?.query.get('offset')).toBe('6')
  connection.send({ t: 'unsub', id: 1 })
  await settle()
  expect(questions[2]?.signal.aborted).toBe(true)
  expect(questions).toHaveLength(3)
})

test('more than have a connection each take turns, and nobody waits at the server', async () => {
  const questions = world()
  const { connection, ends } = await opened(polling())
  for (let id = 1; id <= 3; id++) connection.send(sub(id))
  await settle()
  expect(questions).toHaveLength(3)
  for (let id = 4; id <= 6; id++) connection.send(sub(id))
  await settle()
  // those that waited were stopped, and asked anew
  expect(questions.slice(0, 3).every(({ signal }) => signal.aborted)).toBe(true)
  const open = () => questions.filter(({ signal }) => !signal.aborted)
  const asked = new Set<string>()
  for (let n = 0; n < 6; n++) {
    const next = open()[n]
    expect(next?.query.get('wait_s')).toBe('0')
    asked.add(next?.path ?? '')
    next?.answer(poll([], 1))
    await settle()
  }
  expect(asked.size).toBe(6)
  expect(ends).toEqual([])
  connection.close()
})

test('a server that goes down says so, and the connection is over', async () => {
  const questions = world()
  const { connection, frames, ends } = await opened(polling())
  connection.send(sub(1))
  await settle()
  questions[0]?.answer(poll([{ t: 'bye', reason: 'draining', after_ms: 700 }], 5))
  await settle()
  expect(frames).toEqual([{ t: 'bye', reason: 'draining', after_ms: 700 }])
  expect(ends).toEqual([1006])
})
