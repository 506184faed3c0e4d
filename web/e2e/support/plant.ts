/** Somebody with a device that sends, made through the API: what a test of a page begins with. */
import type { Page } from 'playwright-core'
import { expect } from 'vitest'
import { Device } from './device'
import type { Server } from './server'

const PASSWORD = 'correct horse battery'

export class Plant {
  readonly server: Server
  readonly page: Page
  readonly email: string
  organization = ''
  device = { id: '', token: '' }

  private constructor(server: Server, page: Page, email: string) {
    this.server = server
    this.page = page
    this.email = email
  }

  /** Makes an account, which the page is logged in to afterwards, with an organization and a device. */
  static async of(server: Server, page: Page, email: string): Promise<Plant> {
    const plant = new Plant(server, page, email)
    // Pages with many widgets, on a machine that has other things to do.
    page.setDefaultTimeout(45_000)
    await plant.ask('post', '/auth/signup', { email, password: PASSWORD })
    plant.organization = (await plant.ask('get', '/organizations'))['items'][0].id
    const body = { organization_id: plant.organization, name: 'boiler', device_type: 'PLC' }
    const made = await plant.ask('post', '/devices', body)
    plant.device = { id: made['device'].id, token: made['token'] }
    return plant
  }

  /** Logs another page in as the same user. */
  async login(page: Page): Promise<void> {
    const data = { email: this.email, password: PASSWORD }
    const answer = await page.request.post(`${this.server.url}/api/v1/auth/login`, {
      data,
      headers: { origin: this.server.url },
    })
    expect(answer.status()).toBe(200)
  }

  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asks for
  async ask(method: 'get' | 'post' | 'patch' | 'delete', path: string, data?: unknown): Promise<any> {
    const answer = await this.page.request[method](`${this.server.url}/api/v1${path}`, {
      ...(data === undefined ? {} : { data }),
      headers: { origin: this.server.url },
    })
    expect(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`).toBe(true)
    const text = await answer.text()
    return text === '' ? undefined : JSON.parse(text)
  }

  /** The device, connected, with an hour of readings behind it. */
  async connect(): Promise<Device> {
    const device = await Device.connect(this.server.url, this.device.token)
    for (let n = 0; n < 40; n++) await device.send(reading(n))
    return device
  }

  /** A dashboard with nothing on it. */
  async dashboard(name: string): Promise<string> {
    const body = { organization_id: this.organization, name }
    return (await this.ask('post', '/dashboard-templates', body))['id']
  }

  /** A widget of the device's sensor. */
  async widget(dashboard: string, widget_id: string, more: object = {}): Promise<void> {
    await this.ask('post', `/dashboard-templates/${dashboard}/widgets`, {
      widget_id,
      title: widget_id,
      widget_type: 'stat_panel',
      data_source_type: 'device_sensor',
      device_id: this.device.id,
      sensor_type: 'temperature',
      ...more,
    })
  }

  /** A dashboard with its widgets as it is stored, without what each save changes. */
  async stored(id: string) {
    const { name, description, layout, widgets } = await this.ask('get', `/dashboard-templates/${id}`)
    const { items } = await this.ask('get', `/dashboard-templates/${id}/widgets`)
    const plain = (items as Record<string, unknown>[]).map(
      ({ id: _, dashboard_template_uuid: _d, created_at: _c, updated_at: _u, ...rest }) => rest,
    )
    const inOrder = plain.sort((a, b) => (String(a['widget_id']) < String(b['widget_id']) ? -1 : 1))
    return { name, description, layout, drawing: widgets, widgets: inOrder }
  }
}

export function reading(n: number): Record<string, [value: unknown, unit?: string]> {
  return {
    temperature: [60 + 5 * Math.sin(n / 6), 'C'],
    pressure: [1.2 + n / 100, 'bar'],
    state: [n % 20 < 10 ? 'heating' : 'holding'],
    door: [n % 10 < 5],
  }
}
