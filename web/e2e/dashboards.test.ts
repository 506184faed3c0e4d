/** Dashboards: made, changed, looked at, given away. */
import { readFileSync } from 'node:fs'
import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest'
import { barriers } from './support/axe'
import { launch, visitor } from './support/browser'
import { hold as holdAll } from './support/hold'
import { Plant, reading } from './support/plant'
import { Server } from './support/server'

const pictures = process.env['SCREENSHOTS']
/** Some go through many pages, each in two sizes and two themes. */
const LONG_MS = 180_000

let server: Server
let browser: Browser

beforeAll(async () => {
  server = await Server.start()
  browser = await launch()
})

afterAll(async () => {
  await browser?.close()
  await server?.remove()
})

afterEach(async ({ task }) => {
  const failed = pictures && task.result?.state === 'fail'
  // what is left open goes on asking
  for (const [n, context] of browser.contexts().entries()) {
    if (failed) await context.pages()[0]?.screenshot({ path: `${pictures}/failed-${task.id}-${n}.png` })
    await context.close()
  }
})

/** Holds a page against what must be true of all of them, and goes on with it as it was. */
async function hold(page: Page, name: string): Promise<void> {
  await holdAll(page, name)
  await page.setViewportSize({ width: 1280, height: 800 })
}

/** A dialog over a page that is held: as it is now. */
async function glance(page: Page, name: string): Promise<void> {
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` })
  expect(await barriers(page), name).toEqual([])
}

const widget = (page: Page, name: string) => page.getByRole('region', { name, exact: true })
/** Its handle in the editor; the name is followed by where it stands. */
const handle = (page: Page, name: string) => page.getByRole('button', { name: `${name}, column` })

/** Where each widget is, in pixels. */
async function places(page: Page): Promise<Record<string, number[]>> {
  return page.evaluate(() =>
    Object.fromEntries(
      [...document.querySelectorAll('section[data-condition]')].map(box => {
        const { x, y, width, height } = box.getBoundingClientRect()
        return [box.getAttribute('aria-label') ?? '', [x, y + scrollY, width, height].map(Math.round)]
      }),
    ),
  )
}

async function drag(page: Page, name: string, dx: number, dy: number): Promise<void> {
  const box = await page.getByRole('region', { name, exact: true }).boundingBox()
  if (!box) throw new Error(`${name} cannot be seen`)
  const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
  await page.mouse.move(x, y)
  await page.mouse.down()
  await page.mouse.move(x + dx / 2, y + dy / 2, { steps: 5 })
  await page.mouse.move(x + dx, y + dy, { steps: 5 })
  await page.mouse.up()
}

async function save(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Save', exact: true }).click()
  await page.getByRole('status').getByText('Saved', { exact: true }).waitFor()
}

test(
  'a dashboard is made of a device, edited, and is the same after it was loaded again',
  async () => {
    const { page, complaints } = await visitor(browser)
    const plant = await Plant.of(server, page, 'ada@example.org')
    await page.goto(`${server.url}/dashboards`)
    await page.getByText('There is no dashboard yet.').waitFor()
    await hold(page, 'dashboards-empty')
    const device = await plant.connect()
    await page.getByRole('button', { name: 'Make the first one' }).click()
    await page.getByText('From a device').click()
    await page.getByRole('combobox', { name: 'Device' }).fill('boi')
    await page.getByRole('option', { name: 'boiler' }).click()
    await page.getByText('It sends temperature, pressure, state, door.').waitFor()
    await glance(page, 'dashboard-from-device')
    await page.getByRole('button', { name: 'Make it' }).click()
    await page.getByRole('heading', { name: 'boiler' }).waitFor()
    await device.send({ temperature: [71.5, 'C'] })
    await widget(page, 'temperature').getByText('71.5').waitFor()
    const before = await places(page)
    expect(Object.keys(before).sort()).toEqual(
      ['door', 'pressure', 'pressure over time', 'state', 'temperature', 'temperature over time'].sort(),
    )

    // looking is not changing
    await drag(page, 'temperature', 300, 200)
    await page.keyboard.press('ArrowRight')
    expect(await places(page)).toEqual(before)

    await page.getByRole('link', { name: 'Edit' }).click()
    await handle(page, 'temperature').waitFor()
    await hold(page, 'dashboard-edit')
    await drag(page, 'door', 420, 0)
    await page.getByText('Not saved yet').waitFor()
    const door = await handle(page, 'door').getAttribute('aria-label')
    expect(door).not.toContain('column 1,')
    // and by keyboard
    await handle(page, 'state').focus()
    await page.keyboard.press('Shift+ArrowRight')
    await page.keyboard.press('Shift+ArrowDown')
    await page.getByRole('button', { name: 'state, column 1, row 9, 4 wide, 3 high' }).waitFor()
    await page.keyboard.press('ArrowRight')
    await page.getByRole('button', { name: 'state, column 2, row 9, 4 wide, 3 high' }).waitFor()
    await page.keyboard.press('Control+z')
    await page.keyboard.press('Control+z')
    await page.getByRole('button', { name: 'state, column 1, row 9, 4 wide, 2 high' }).waitFor()
    await page.keyboard.press('Control+Shift+z')
    await page.getByRole('button', { name: 'state, column 1, row 9, 4 wide, 3 high' }).waitFor()
    await handle(page, 'pressure').click()
    await page.getByRole('textbox', { name: 'Title' }).fill('Pressure in the drum')
    await page.getByRole('textbox', { name: 'Unit' }).fill('kPa')
    await page.getByRole('button', { name: 'Add a threshold' }).click()
    await page.getByRole('textbox', { name: 'From' }).fill('1')
    await page.getByRole('textbox', { name: 'Word' }).fill('enough')
    await widget(page, 'Pressure in the drum').getByText('enough').waitFor()
    await hold(page, 'dashboard-settings')
    await page.keyboard.press('Escape')
    await save(page)
    const stored = await plant.stored(new URL(page.url()).pathname.split('/')[2] ?? '')

    await page.getByRole('link', { name: 'Back to the dashboard' }).click()
    await widget(page, 'Pressure in the drum').getByText('enough').waitFor()
    const after = await places(page)
    expect(after).not.toEqual(before)
    await page.reload()
    await widget(page, 'Pressure in the drum').getByText('enough').waitFor()
    expect(await places(page)).toEqual(after)
    await page.getByRole('link', { name: 'Edit' }).click()
    await handle(page, 'Pressure in the drum').waitFor()
    expect(await page.getByRole('button', { name: 'Save', exact: true }).isDisabled()).toBe(true)
    expect(await handle(page, 'door').getAttribute('aria-label')).toBe(door)
    // the drawing and the widgets say the same
    const { layout, widgets, drawing } = stored
    for (const { widget_id, grid_position } of widgets) {
      expect(layout.lg).toContainEqual({ i: widget_id, ...(grid_position as object) })
      expect(drawing).toContainEqual(expect.objectContaining({ id: widget_id }))
    }
    device.close()
    expect(complaints).toEqual([])
  },
  LONG_MS,
)

test(
  'each kind of widget is added through the form and shows what comes',
  async () => {
    const { page, complaints } = await visitor(browser)
    const plant = await Plant.of(server, page, 'grace@example.org')
    const device = await plant.connect()
    const id = await plant.dashboard('All kinds')
    await page.goto(`${server.url}/dashboards/${id}`)
    await page.getByText('There is nothing on it yet.').waitFor()
    await page.getByRole('link', { name: 'Add widgets' }).click()
    await page.getByRole('button', { name: 'Add a widget' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Time series' }).waitFor()
    await hold(page, 'dashboard-add')
    const kinds = await page.getByRole('dialog').locator('button strong').allTextContents()
    expect(kinds.length).toBe(14)
    await page.keyboard.press('Escape')
    for (const kind of kinds) {
      await page.getByRole('button', { name: 'Add a widget' }).click()
      const choice = page.getByRole('dialog').getByRole('button')
      await choice.filter({ has: page.getByText(kind, { exact: true }) }).click()
      await page.getByRole('textbox', { name: 'Title' }).fill(`My ${kind}`)
      await page.getByRole('combobox', { name: 'Device' }).click()
      await page.getByRole('option', { name: 'boiler' }).click()
      const sensor = kind === 'Status' ? 'state' : kind === 'Switch' ? 'door' : 'temperature'
      await page.getByRole('combobox', { name: 'Sensor' }).fill(sensor)
      await page.getByRole('combobox', { name: 'Sensor' }).press('Enter')
      if (kind === 'X against Y' || kind === 'Shares') {
        await page.getByRole('button', { name: 'Add a series' }).click()
        const series = page.locator('details')
        await series.getByRole('combobox', { name: 'Device' }).click()
        await page.getByRole('option', { name: 'boiler' }).click()
        await series.getByRole('combobox', { name: 'Sensor' }).fill('pressure')
        await series.getByRole('combobox', { name: 'Sensor' }).press('Enter')
      }
      await page.getByRole('button', { name: 'Close the settings' }).click()
    }
    await save(page)
    await page.getByRole('link', { name: 'Back to the dashboard' }).click()
    for (let n = 0; n < 5; n++) await device.send(reading(n))
    for (const kind of kinds) {
      await page.locator(`section[aria-label="My ${kind}"][data-condition="shown"]`).waitFor()
    }
    await device.send({ temperature: [66.25, 'C'], state: ['tripped'] })
    await widget(page, 'My Value').getByText('66.25').waitFor()
    await widget(page, 'My Gauge').getByText('66.25').waitFor()
    await widget(page, 'My Table').getByText('66.25').first().waitFor()
    await widget(page, 'My Status').getByText('tripped').waitFor()
    await hold(page, 'dashboard-kinds')
    const { widgets } = await plant.stored(id)
    expect(widgets.length).toBe(16)
    expect(complaints).toEqual([])
    device.close()
  },
  LONG_MS,
)

test(
  'a dashboard goes out as a file and comes back as it was',
  async () => {
    const { page, complaints } = await visitor(browser)
    const plant = await Plant.of(server, page, 'joan@example.org')
    const id = await plant.dashboard('Boiler house')
    await plant.widget(id, 'heat', { widget_type: 'gauge', widget_config: { min: 0, max: 120, unit: '°C' } })
    await plant.widget(id, 'press', { sensor_type: 'pressure', grid_position: { x: 4, y: 0, w: 8, h: 4 } })
    await page.goto(`${server.url}/dashboards/${id}/edit`)
    await handle(page, 'heat').focus()
    await page.keyboard.press('Shift+ArrowRight')
    await save(page)
    await page.goto(`${server.url}/dashboards`)
    await page.getByRole('button', { name: 'More about Boiler house' }).click()
    const coming = page.waitForEvent('download')
    await page.getByRole('menuitem', { name: 'Export as a file' }).click()
    const file = await coming
    expect(file.suggestedFilename()).toBe('boiler-house.dashboard.json')
    const path = await file.path()

    await page.getByRole('button', { name: 'New dashboard' }).click()
    await page.getByText('From a file').click()
    await page.setInputFiles('input[type=file]', {
      name: 'x.json',
      mimeType: 'application/json',
      buffer: Buffer.from('{}'),
    })
    await page.getByRole('alert').getByText('not a dashboard that EdgeSync exported').waitFor()
    await page.setInputFiles('input[type=file]', path)
    await page.getByText('“Boiler house” with 2 widgets.').waitFor()
    await glance(page, 'dashboard-import')
    await page.getByRole('button', { name: 'Import it' }).click()
    await page.waitForURL(url => /\/dashboards\/[0-9a-f-]{36}$/.test(url.pathname))
    const copy = page.url().split('/').at(-1) ?? ''
    expect(copy).not.toBe(id)
    expect(await plant.stored(copy)).toEqual(await plant.stored(id))

    // On a server where the device has another id it is found by its name, or chosen.
    const told = JSON.parse(readFileSync(path, 'utf8'))
    const elsewhere = JSON.stringify(told).replaceAll(plant.device.id, '00000000-0000-7000-8000-000000000001')
    await page.goto(`${server.url}/dashboards`)
    await page.getByRole('button', { name: 'New dashboard' }).click()
    await page.getByText('From a file').click()
    await page.setInputFiles('input[type=file]', {
      name: 'y.json',
      mimeType: 'application/json',
      buffer: Buffer.from(elsewhere),
    })
    await page.getByText('One of its sources is not here.').waitFor()
    await page.getByRole('combobox', { name: 'In place of device boiler' }).waitFor()
    await page.getByRole('button', { name: 'Import it' }).click()
    await page.waitForURL(url => /\/dashboards\/[0-9a-f-]{36}$/.test(url.pathname))
    expect(await plant.stored(page.url().split('/').at(-1) ?? '')).toEqual(await plant.stored(id))
    expect(complaints).toEqual([])
  },
  LONG_MS,
)

test(
  'a list is searched, sorted, and its dashboards are renamed, copied and deleted',
  async () => {
    const { page, complaints } = await visitor(browser)
    const plant = await Plant.of(server, page, 'katherine@example.org')
    const project = await plant.ask('post', '/projects', {
      organization_id: plant.organization,
      name: 'Hall 2',
    })
    for (const name of ['Boilers', 'Chillers', 'Presses']) await plant.dashboard(name)
    const body = {
      organization_id: plant.organization,
      name: 'Yard',
      project_id: project.id,
      description: 'Outside',
    }
    await plant.ask('post', '/dashboard-templates', body)
    await page.goto(`${server.url}/dashboards`)
    await page.getByRole('link', { name: 'Boilers' }).waitFor()
    await hold(page, 'dashboards')
    const names = () => page.locator('tbody th').allTextContents()
    expect(await names()).toEqual(['Boilers', 'Chillers', 'Presses', 'Yard'])
    await page.getByRole('button', { name: 'Name' }).click()
    await page.waitForURL('**/dashboards?sort=-name')
    await expect.poll(names).toEqual(['Yard', 'Presses', 'Chillers', 'Boilers'])
    await page.getByLabel('Search dashboards').fill('ill')
    await expect.poll(names).toEqual(['Chillers'])
    await page.getByLabel('Search dashboards').fill('')
    await page.getByRole('combobox', { name: 'Only those of the project' }).click()
    await page.getByRole('option', { name: 'Hall 2' }).click()
    await expect.poll(names).toEqual(['Yard'])

    await page.getByRole('button', { name: 'More about Yard' }).click()
    await page.getByRole('menuitem', { name: 'Rename' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('The yard')
    await page.getByRole('dialog').getByRole('button', { name: 'Save' }).click()
    await page.getByRole('link', { name: 'The yard' }).waitFor()
    await page.getByRole('button', { name: 'More about The yard' }).click()
    await page.getByRole('menuitem', { name: 'Duplicate' }).click()
    await page.getByRole('heading', { name: 'The yard copy' }).waitFor()
    await page.goto(`${server.url}/dashboards?project=${project.id}`)
    await page.getByRole('button', { name: 'More about The yard copy' }).click()
    await page.getByRole('menuitem', { name: 'Delete' }).click()
    await glance(page, 'dashboard-delete')
    await page.getByRole('button', { name: 'Delete it' }).click()
    await page.getByRole('link', { name: 'The yard copy' }).waitFor({ state: 'detached' })
    expect(await names()).toEqual(['The yard'])
    expect(complaints).toEqual([])
  },
  LONG_MS,
)

test(
  'a share link opens for a stranger, live, and ends when it is taken back',
  async () => {
    const { page, complaints } = await visitor(browser)
    const plant = await Plant.of(server, page, 'mary@example.org')
    const device = await plant.connect()
    const id = await plant.dashboard('Boiler house')
    await plant.widget(id, 'heat')
    await plant.widget(id, 'line', { widget_type: 'time_series', grid_position: { x: 4, y: 0, w: 8, h: 4 } })
    await page.goto(`${server.url}/dashboards/${id}`)
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('textbox', { name: 'New link for' }).fill('hall 2')
    await page.getByRole('button', { name: 'Make the link' }).click()
    const url = (await page.getByRole('region', { name: 'link for hall 2' }).textContent()) ?? ''
    expect(url).toMatch(/\/shared#esl_/)
    await hold(page, 'dashboard-share')
    await page.getByRole('tab', { name: 'People' }).click()
    await page.getByText('Nobody has been added.').waitFor()
    await glance(page, 'dashboard-people')

    const stranger = await visitor(browser)
    await stranger.page.goto(url)
    await stranger.page.getByRole('heading', { name: 'Boiler house' }).waitFor()
    await device.send({ temperature: [81.5, 'C'] })
    await widget(stranger.page, 'heat').getByText('81.5').waitFor()
    await device.send({ temperature: [82.5, 'C'] })
    await widget(stranger.page, 'heat').getByText('82.5').waitFor()
    await hold(stranger.page, 'shared')
    // nothing there leads to a change
    expect(await stranger.page.getByRole('link').count()).toBe(0)
    expect(await stranger.page.getByRole('button', { name: /Edit|Share|More/ }).count()).toBe(0)

    await page.getByRole('tab', { name: 'Links' }).click()
    await page.getByRole('button', { name: 'End it: the link for hall 2' }).click()
    await page.getByText('There is no link yet.').waitFor()
    await stranger.page.getByText('This link has ended.').waitFor()
    expect(await stranger.page.content()).not.toContain('82.5')
    await glance(stranger.page, 'shared-ended')
    await stranger.page.reload()
    await stranger.page.getByText('This link has ended.').waitFor()
    device.close()
    expect([...complaints, ...stranger.complaints]).toEqual([])
  },
  LONG_MS,
)

test(
  'a member is let in to change a dashboard, and put out again',
  async () => {
    const { page, complaints } = await visitor(browser)
    const plant = await Plant.of(server, page, 'dorothy@example.org')
    const other = await visitor(browser)
    const guest = await Plant.of(server, other.page, 'guest@example.org')
    await plant.ask('post', `/organizations/${plant.organization}/members`, {
      email: guest.email,
      role: 'user',
    })
    const id = await plant.dashboard('Boiler house')
    await other.page.goto(`${server.url}/dashboards/${id}/edit`)
    await other.page.getByText('You may look at this dashboard and not change it.').waitFor()
    await page.goto(`${server.url}/dashboards/${id}`)
    await page.getByRole('button', { name: 'Share' }).click()
    await page.getByRole('tab', { name: 'People' }).click()
    await page.getByRole('combobox', { name: 'Let this member change it' }).click()
    await page.getByRole('option', { name: 'guest@example.org' }).click()
    await page.getByRole('button', { name: 'Add', exact: true }).click()
    await page
      .getByRole('list', { name: 'People who may change it' })
      .getByText('guest@example.org')
      .first()
      .waitFor()
    await other.page.reload()
    await other.page.getByRole('button', { name: 'Add the first widget' }).waitFor()
    await page.getByRole('button', { name: /^Take it away from/ }).click()
    await page.getByText('Nobody has been added.').waitFor()
    await other.page.reload()
    await other.page.getByText('You may look at this dashboard and not change it.').waitFor()
    expect([...complaints, ...other.complaints]).toEqual([])
  },
  LONG_MS,
)

test(
  'two who change the same dashboard are told of each other and lose nothing',
  async () => {
    const { page, complaints } = await visitor(browser)
    const plant = await Plant.of(server, page, 'hedy@example.org')
    const id = await plant.dashboard('Boiler house')
    for (const name of ['one', 'two', 'three']) await plant.widget(id, name)
    const other = await visitor(browser)
    await plant.login(other.page)
    for (const editor of [page, other.page]) {
      await editor.goto(`${server.url}/dashboards/${id}/edit`)
      await handle(editor, 'one').waitFor()
    }
    const retitle = async (editor: Page, from: string, to: string) => {
      await handle(editor, from).click()
      await editor.getByRole('textbox', { name: 'Title' }).fill(to)
      await editor.getByRole('button', { name: 'Close the settings' }).click()
    }
    await retitle(other.page, 'one', 'theirs')
    await retitle(other.page, 'two', 'only theirs')
    await save(other.page)
    await retitle(page, 'one', 'mine')
    await retitle(page, 'three', 'only mine')
    await page.getByRole('button', { name: 'Save', exact: true }).click()
    const dialog = page.getByRole('dialog', { name: 'Somebody saved in between' })
    await dialog.getByText('hedy@example.org').waitFor()
    await dialog.getByText('choose for the one thing that both of you changed').waitFor()
    await hold(page, 'dashboard-conflict')
    await dialog.getByRole('radiogroup', { name: 'What holds of mine' }).getByText('Theirs').click()
    await dialog.getByRole('button', { name: 'Save what is chosen' }).click()
    await page.getByRole('status').getByText('Saved', { exact: true }).waitFor()
    const titles = (await plant.stored(id)).widgets.map(({ widget_id, title }) => [widget_id, title])
    expect(titles).toEqual([
      ['one', 'theirs'],
      ['three', 'only mine'],
      ['two', 'only theirs'],
    ])
    expect([...complaints, ...other.complaints]).toEqual([])
  },
  LONG_MS,
)

test(
  'what is not saved is asked about, and kept',
  async () => {
    const { page, complaints } = await visitor(browser)
    const plant = await Plant.of(server, page, 'emmy@example.org')
    const id = await plant.dashboard('Boiler house')
    await plant.widget(id, 'heat')
    await page.goto(`${server.url}/dashboards/${id}/edit`)
    await handle(page, 'heat').focus()
    await page.keyboard.press('Control+d')
    await expect.poll(() => handle(page, 'heat').count()).toBe(2)
    await page.getByRole('link', { name: 'Back to the dashboard' }).click()
    await page.getByRole('dialog', { name: 'Your changes are not saved' }).waitFor()
    await glance(page, 'dashboard-leave')
    await page.getByRole('button', { name: 'Keep them for later' }).click()
    await page.getByRole('link', { name: 'Edit' }).waitFor()
    expect(await widget(page, 'heat').count()).toBe(1)
    await page.getByRole('link', { name: 'Edit' }).click()
    await page.getByRole('heading', { name: 'You have changes here that are not saved' }).waitFor()
    await hold(page, 'dashboard-left')
    await page.getByRole('button', { name: 'Go on with them' }).click()
    await expect.poll(() => handle(page, 'heat').count()).toBe(2)
    await page.getByRole('link', { name: 'Back to the dashboard' }).click()
    await page.getByRole('button', { name: 'Save and go' }).click()
    await expect.poll(() => widget(page, 'heat').count()).toBe(2)
    expect((await plant.stored(id)).widgets.length).toBe(2)
    await page.getByRole('link', { name: 'Edit' }).click()
    await handle(page, 'heat').first().focus()
    await page.keyboard.press('Delete')
    await expect.poll(() => handle(page, 'heat').count()).toBe(1)
    await page.getByRole('link', { name: 'Back to the dashboard' }).click()
    await page.getByRole('button', { name: 'Drop them' }).click()
    await expect.poll(() => widget(page, 'heat').count()).toBe(2)
    await page.getByRole('link', { name: 'Edit' }).click()
    await expect.poll(() => handle(page, 'heat').count()).toBe(2)
    expect(complaints).toEqual([])
  },
  LONG_MS,
)

test(
  'a kiosk has nothing but the dashboard, hides the pointer, comes back by itself and ends by Escape',
  async () => {
    const { page, complaints } = await visitor(browser)
    const plant = await Plant.of(server, page, 'rosa@example.org')
    let device = await plant.connect()
    const id = await plant.dashboard('Boiler house')
    await plant.widget(id, 'heat')
    await page.goto(`${server.url}/dashboards/${id}?kiosk=1&look=dark`)
    await widget(page, 'heat').waitFor()
    expect(await page.getByRole('navigation').count()).toBe(0)
    const kiosk = page.locator('[data-idle]')
    await page.mouse.move(200, 200)
    await page.locator('[data-idle="true"]').waitFor()
    expect(await kiosk.evaluate(element => getComputedStyle(element).cursor)).toBe('none')
    await page.waitForFunction(
      () => document.documentElement.getAttribute('data-mantine-color-scheme') === 'dark',
    )
    await page.mouse.move(300, 300)
    await page.locator('[data-idle="false"]').waitFor()
    device.close()
    await server.kill()
    await server.again()
    device = await (await import('./support/device')).Device.connect(server.url, plant.device.token, 2)
    await device.send({ temperature: [91.5, 'C'] })
    await widget(page, 'heat').getByText('91.5').waitFor({ timeout: 30_000 })
    // somebody saves it, and the wall shows that
    await plant.ask('patch', `/dashboard-templates/${id}/widgets/heat`, { title: 'Heat of the boiler' })
    await widget(page, 'Heat of the boiler').waitFor({ timeout: 30_000 })
    await page.keyboard.press('Escape')
    await page.getByRole('navigation').waitFor()
    expect(new URL(page.url()).search).not.toContain('kiosk')
    device.close()
    expect(complaints).toEqual([])
  },
  LONG_MS,
)

test.skipIf(!pictures)(
  'pictures of a dashboard for who reads about it',
  async () => {
    const { page } = await visitor(browser)
    const plant = await Plant.of(server, page, 'lise@example.org')
    const device = await plant.connect()
    const id = await plant.dashboard('Boiler house')
    await plant.widget(id, 'Temperature', {
      widget_type: 'time_series',
      grid_position: { x: 0, y: 0, w: 8, h: 4 },
    })
    await plant.widget(id, 'Heat', { widget_type: 'gauge', grid_position: { x: 8, y: 0, w: 4, h: 4 } })
    await page.setViewportSize({ width: 1280, height: 800 })
    await page.goto(`${server.url}/dashboards/${id}?last=1m`)
    for (let n = 0; n < 30; n++) await device.send(reading(n))
    await widget(page, 'Heat').waitFor()
    for (const colorScheme of ['light', 'dark'] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
      await page.waitForFunction(
        scheme => document.documentElement.getAttribute('data-mantine-color-scheme') === scheme,
        colorScheme,
      )
      // so that charts are drawn in the new colours
      await page.evaluate(() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done))))
      await page.screenshot({ path: `${pictures}/dashboard-${colorScheme}.png` })
    }
    device.close()
  },
  LONG_MS,
)
