/** The API, typed by the committed description. The session is a cookie that scripts cannot read. */
import createClient from 'openapi-fetch'
import { heardDate } from '../live/now'
import { Problem } from './problem'
import type { components, paths } from './schema'

export type Schemas = components['schemas']

export const api = createClient<paths>({ baseUrl: '/' })

api.use({ onResponse: ({ response }) => heardDate(response.headers.get('date')) })

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** The body of an answer. Throws a `Problem` where the answer says no, or where there is none. */
export async function take<T>(asked: Promise<Answer<T>>): Promise<T> {
  let answer: Answer<T>
  try {
    answer = await asked
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error
    throw Problem.unreachable()
  }
  if (!answer.response.ok) throw Problem.from(answer.response, answer.error)
  return answer.data as T
}

let last = { body: '', key: '' }

/** A key under which this body is sent once: sent again after an answer was lost, it is not done twice. */
export function onceKey(body: unknown): string {
  const text = JSON.stringify(body)
  if (text !== last.body) last = { body: text, key: randomId() }
  return last.key
}

/** To be called when the server has answered yes: the same body sent again is meant again. */
export function forgetOnceKey(): void {
  last = { body: '', key: '' }
}

// crypto.randomUUID is not there on an address without TLS.
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16))
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
