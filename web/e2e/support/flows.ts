/** Flows for tests, made and changed over the API as another page or program would. */
import type { Browser, Page } from 'playwright-core'
import { type Seen, visitor } from './browser'

export const PASSWORD = 'correct horse battery'

type Item = Record<string, unknown>

export interface Drawn {
  nodes: Item[]
  edges: Item[]
}

const at = (id: string, type: string, x: number, data: Item): Item => ({
  id,
  type,
  position: { x, y: 0 },
  data,
})

/** Readings of a device, those above a limit, and what shows them. */
export function above(device: string, limit: number): Drawn {
  return {
    nodes: [
      at('readings', 'device-sensor', 0, { label: 'Readings', devices: [device], sensors: [] }),
      at('hot', 'filter', 272, { label: 'Hot', expression: `value > ${limit}.0` }),
      at('show', 'display', 544, { label: 'Show' }),
    ],
    edges: [
      { id: 'readings-hot', source: 'readings', target: 'hot' },
      { id: 'hot-show', source: 'hot', target: 'show' },
    ],
  }
}

export interface Saved {
  id: string
  name: string
  version: number
  deployed_version: number | null
  nodes: Item[]
  edges: Item[]
}

/** The flows of who is logged in in a page. */
export class FlowApi {
  readonly #page: Page
  readonly #server: string

  constructor(page: Page, server: string) {
    this.#page = page
    this.#server = server
  }

  async #ask<T>(method: string, path: string, data?: unknown): Promise<T> {
    const answer = await this.#page.request.fetch(`${this.#server}/api/v1/flows${path}`, {
      method,
      ...(data === undefined ? {} : { data }),
      headers: { origin: this.#server },
    })
    if (!answer.ok()) throw new Error(`${method} /flows${path}: ${answer.status()} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  make(name: string, drawn: Drawn): Promise<Saved> {
    return this.#ask('POST', '', { name, ...drawn })
  }

  get(id: string): Promise<Saved> {
    return this.#ask('GET', `/${id}`)
  }

  change(id: string, drawn: Partial<Drawn> & { name?: string }): Promise<Saved> {
    return this.#ask('PATCH', `/${id}`, drawn)
  }

  deploy(id: string): Promise<Saved> {
    return this.#ask('POST', `/${id}/deploy`, {})
  }
}

/** Somebody who has an account, in a browser of their own. */
export async function another(browser: Browser, server: string, email: string): Promise<Seen> {
  const seen = await visitor(browser)
  const answer = await seen.page.request.post(`${server}/api/v1/auth/login`, {
    data: { email, password: PASSWORD },
    headers: { origin: server },
  })
  if (!answer.ok()) throw new Error(`logging in: ${answer.status()}`)
  return seen
}
