/** Somebody with an account, and what they make over the API. */
import type { Page } from 'playwright-core'

const PASSWORD = 'correct horse battery'

export interface NewWidget {
  widget_id: string
  widget_type: string
  [field: string]: unknown
}

export class Account {
  readonly #page: Page
  readonly #server: string
  readonly organization: string

  private constructor(page: Page, server: string, organization: string) {
    this.#page = page
    this.#server = server
    this.organization = organization
  }

  /** Signs up in the page's browser: the page is logged in then. */
  static async signUp(page: Page, server: string, email: string): Promise<Account> {
    const account = new Account(page, server, '')
    await account.post('/auth/signup', { email, password: PASSWORD })
    const { items } = (await account.get('/organizations')) as { items: { id: string }[] }
    const [first] = items
    if (!first) throw new Error('the new account is in no organization')
    return new Account(page, server, first.id)
  }

  async post<T = { id: string }>(path: string, data: unknown): Promise<T> {
    const answer = await this.#page.request.post(`${this.#server}/api/v1${path}`, {
      data,
      headers: { origin: this.#server },
    })
    if (!answer.ok()) throw new Error(`POST ${path}: ${answer.status()} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  async get<T = unknown>(path: string): Promise<T> {
    const answer = await this.#page.request.get(`${this.#server}/api/v1${path}`)
    if (!answer.ok()) throw new Error(`GET ${path}: ${answer.status()} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  async device(name: string): Promise<{ id: string; token: string }> {
    const made = await this.post<{ device: { id: string }; token: string }>('/devices', {
      organization_id: this.organization,
      name,
    })
    return { id: made.device.id, token: made.token }
  }

  async dashboard(name: string, widgets: readonly NewWidget[]): Promise<string> {
    const { id } = await this.post('/dashboard-templates', { organization_id: this.organization, name })
    for (const widget of widgets) await this.post(`/dashboard-templates/${id}/widgets`, widget)
    return id
  }
}

/** A widget that shows a sensor. */
export function shows(
  device: string,
  sensor: string,
  type: string,
  more: Record<string, unknown> = {},
): NewWidget {
  return {
    widget_id: `${type}-${sensor}`,
    title: sensor,
    widget_type: type,
    data_source_type: 'device_sensor',
    device_id: device,
    sensor_type: sensor,
    ...more,
  }
}
