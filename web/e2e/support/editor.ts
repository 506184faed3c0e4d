/** Somebody with a device and flows, and the editor of one of them as they use it. */
import type { Locator, Page } from 'playwright-core'
import type { Server } from './server'

export interface Drawn {
  nodes: { id: string; type: string; position?: { x: number; y: number }; data: Record<string, unknown> }[]
  edges: { id: string; source: string; target: string; sourceHandle?: string; targetHandle?: string }[]
}

export class Owner {
  readonly page: Page
  readonly server: Server

  private constructor(page: Page, server: Server) {
    this.page = page
    this.server = server
  }

  static async signUp(page: Page, server: Server, email: string): Promise<Owner> {
    const owner = new Owner(page, server)
    await owner.post('/api/v1/auth/signup', { email, password: 'correct horse battery' })
    return owner
  }

  async post<T>(path: string, data: unknown): Promise<T> {
    const answer = await this.page.request.post(`${this.server.url}${path}`, {
      data,
      headers: { origin: this.server.url },
    })
    if (!answer.ok()) throw new Error(`${path}: ${answer.status()} ${await answer.text()}`)
    return (await answer.json()) as T
  }

  async get<T>(path: string): Promise<T> {
    const answer = await this.page.request.get(`${this.server.url}${path}`)
    if (!answer.ok()) throw new Error(`${path}: ${answer.status()}`)
    return (await answer.json()) as T
  }

  async device(name: string): Promise<{ id: string; token: string }> {
    const { items } = await this.get<{ items: { id: string }[] }>('/api/v1/organizations')
    const body = { organization_id: items[0]?.id, name }
    const { device, token } = await this.post<{ device: { id: string }; token: string }>(
      '/api/v1/devices',
      body,
    )
    return { id: device.id, token }
  }

  async flow(name: string, drawn: Partial<Drawn> = {}): Promise<string> {
    const { id } = await this.post<{ id: string }>('/api/v1/flows', { name, ...drawn })
    return id
  }

  saved(id: string): Promise<Drawn & { version: number }> {
    return this.get(`/api/v1/flows/${id}`)
  }

  problems(id: string): Promise<{ valid: boolean; problems: { node?: string; message: string }[] }> {
    return this.post(`/api/v1/flows/${id}/validate`, {})
  }

  async open(id: string): Promise<Editor> {
    await this.page.goto(`${this.server.url}/flows/${id}`)
    const editor = new Editor(this.page)
    await editor.canvas.waitFor()
    return editor
  }
}

/** The page of an open flow. */
export class Editor {
  readonly page: Page
  readonly canvas: Locator
  readonly inspector: Locator
  readonly notice: Locator

  constructor(page: Page) {
    this.page = page
    this.canvas = page.getByLabel('Canvas. Press ? for its keys.')
    this.inspector = page.getByRole('region', { name: 'Inspector' })
    this.notice = page.locator('[data-refusal]')
  }

  node(id: string): Locator {
    return this.page.locator(`.react-flow__node[data-id="${id}"]`)
  }

  port(node: string, port: string): Locator {
    return this.node(node).locator(`.react-flow__handle[data-handleid="${port}"]`)
  }

  /** Draws an edge by the mouse. */
  async draw(from: string, out: string, to: string, input = 'in:in'): Promise<void> {
    await this.drag(this.port(from, out), this.port(to, input))
  }

  /** Begins an edge and holds it over a port. */
  async hover(from: string, out: string, to: string, port: string): Promise<void> {
    const [a, b] = [await middle(this.port(from, out)), await middle(this.port(to, port))]
    await this.page.mouse.move(a.x, a.y)
    await this.page.mouse.down()
    await this.page.mouse.move((a.x + b.x) / 2, (a.y + b.y) / 2, { steps: 4 })
    await this.page.mouse.move(b.x, b.y, { steps: 4 })
  }

  async drag(from: Locator, to: Locator, by = { x: 0, y: 0 }): Promise<void> {
    const [a, b] = [await middle(from), await middle(to)]
    await this.page.mouse.move(a.x, a.y)
    await this.page.mouse.down()
    await this.page.mouse.move((a.x + b.x + by.x) / 2, (a.y + b.y + by.y) / 2, { steps: 4 })
    await this.page.mouse.move(b.x + by.x, b.y + by.y, { steps: 4 })
    await this.page.mouse.up()
  }

  /** Drags a kind of node from the palette to a place of the canvas, counted from its corner. */
  async drop(title: string, x: number, y: number): Promise<void> {
    const item = this.page
      .getByRole('region', { name: 'Palette' })
      .getByRole('button', { name: title, exact: true })
    await item.dragTo(this.canvas, { targetPosition: { x, y } })
  }

  async save(): Promise<void> {
    await this.page.getByRole('button', { name: 'Save', exact: true }).click()
    await this.page.getByText('Saved, version').waitFor()
  }

  undo(): Locator {
    return this.page.getByRole('button', { name: /^Undo/ })
  }

  redo(): Locator {
    return this.page.getByRole('button', { name: /^Do again/ })
  }
}

async function middle(of: Locator): Promise<{ x: number; y: number }> {
  const box = await of.boundingBox()
  if (!box) throw new Error(`${of} is not there`)
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 }
}
