/** The account and the organization: everything that the settings change is what the API says afterwards. */
import type { Browser, Locator, Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Account } from './support/account'
import { launch, visitor } from './support/browser'
import { hold } from './support/hold'
import { Server } from './support/server'

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

interface Paged<T> {
  items: T[]
}

/** Each page is looked at four times. */
const LONG_MS = 600_000
const PATIENCE = { timeout: 20_000 }
const PASSWORD = 'correct horse battery'

async function logIn(page: Page, email: string, password: string): Promise<void> {
  await page.goto(`${server.url}/login`)
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('textbox', { name: 'Password' }).fill(password)
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.getByRole('navigation', { name: 'Pages' }).waitFor()
}

/** Chooses from a list that opens. */
async function pick(page: Page, field: Locator, option: string | RegExp): Promise<void> {
  await field.click()
  await page.getByRole('option', { name: option }).click()
}

test(
  'the own account: name, password, sessions and tokens',
  async () => {
    const { page, complaints } = await visitor(browser)
    const ada = await Account.signUp(page, server.url, 'ada@example.org')
    await page.goto(`${server.url}/settings`)
    await page.waitForURL('**/settings/profile')
    const name = page.getByLabel('Name')
    await name.fill('Ada Lovelace')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    expect(await ada.get('/me')).toMatchObject({ name: 'Ada Lovelace' })
    await hold(page, 'settings-profile', true)

    // a second browser, which the new password puts out
    const other = await visitor(browser)
    await logIn(other.page, 'ada@example.org', PASSWORD)
    await page.getByLabel('Present password').fill('wrong')
    await page.getByLabel('New password').fill('a better horse battery')
    await page.getByRole('button', { name: 'Set the new password' }).click()
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Present password').fill(PASSWORD)
    await page.getByRole('button', { name: 'Set the new password' }).click()
    await page.getByText('It is set.').waitFor()
    await other.page.goto(`${server.url}/devices`)
    await other.page.getByRole('heading', { name: 'Log in' }).waitFor()
    await logIn(other.page, 'ada@example.org', 'a better horse battery')

    await page.goto(`${server.url}/settings/sessions`)
    const sessions = page.getByRole('list', { name: 'Sessions' }).getByRole('listitem')
    await sessions.nth(1).waitFor()
    expect(await sessions.count()).toBe(2)
    expect(await sessions.first().textContent()).toContain('This browser')
    await hold(page, 'settings-sessions')
    await sessions.nth(1).getByRole('button', { name: 'End it' }).click()
    await sessions.nth(1).waitFor({ state: 'detached' })
    await other.page.goto(`${server.url}/settings/sessions`)
    await other.page.getByRole('heading', { name: 'Log in' }).waitFor()

    await logIn(other.page, 'ada@example.org', 'a better horse battery')
    await page.reload()
    await page.getByRole('button', { name: 'End all others' }).click()
    await page.getByRole('button', { name: 'End them' }).click()
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect((await ada.get<Paged<object>>('/me/sessions')).items).toHaveLength(1)

    await page.goto(`${server.url}/settings/tokens`)
    await page.getByText('You have none.').waitFor()
    await hold(page, 'settings-tokens-none')
    await page.getByRole('button', { name: 'New token' }).click()
    await page.getByRole('textbox', { name: 'Name' }).fill('nightly report')
    await pick(page, page.getByRole('combobox', { name: 'It expires' }), 'In a year')
    await hold(page, 'settings-token-new')
    await page.getByRole('button', { name: 'Make the token' }).click()
    const token = (await page.getByRole('region', { name: 'token of nightly report' }).textContent()) ?? ''
    expect(token).toMatch(/^esa_/)
    const ask = async (method: 'get' | 'post') =>
      (
        await fetch(`${server.url}/api/v1/organizations`, {
          method,
          headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
          ...(method === 'post' ? { body: '{"name":"no"}' } : {}),
        })
      ).status
    // it reads, and no more than that was asked for
    expect([await ask('get'), await ask('post')]).toEqual([200, 403])
    await hold(page, 'settings-token')
    await page.getByRole('button', { name: 'I have copied it' }).click()
    await page.getByRole('list', { name: 'API tokens' }).getByText('nightly report').waitFor()
    expect(await page.content()).not.toContain(token)
    await hold(page, 'settings-tokens')
    await page.getByRole('button', { name: 'Revoke nightly report' }).click()
    await page.getByRole('button', { name: 'Revoke it' }).click()
    await page.getByText('You have none.').waitFor()
    expect(await ask('get')).toBe(401)

    await page.goto(`${server.url}/settings/log`)
    const log = page.getByRole('list', { name: 'What was changed' })
    await log.getByText('Password changed').waitFor()
    await pick(page, page.getByRole('combobox', { name: 'What' }), 'API token made')
    await log.getByText('Password changed').waitFor({ state: 'detached' })
    await log.getByText('“nightly report”').waitFor()
    await page.waitForURL('**action=api_token.created**')
    expect([...complaints, ...other.complaints]).toEqual([])
  },
  LONG_MS,
)

test(
  'members: added, changed, handed over, removed; who may not is told why',
  async () => {
    const { page, complaints } = await visitor(browser)
    const grace = await Account.signUp(page, server.url, 'grace@example.org')
    const other = await visitor(browser)
    await Account.signUp(other.page, server.url, 'bob@example.org')
    await page.goto(`${server.url}/settings/members`)
    const add = async (email: string) => {
      await page.getByLabel('E-mail address').fill(email)
      await page.getByRole('button', { name: 'Add', exact: true }).click()
    }
    await add('nobody@example.org')
    await page.getByText('Nobody has an account with this address.').waitFor()
    await page.getByText('make an account at').waitFor()
    await add('bob@example.org')
    const row = page.getByRole('list', { name: 'Members' }).getByRole('listitem').filter({ hasText: 'bob@' })
    await row.waitFor()
    await hold(page, 'settings-members', true)

    // what a user sees
    await other.page.goto(server.url)
    await other.page.getByRole('button', { name: 'Organization: bob' }).click()
    await other.page.getByRole('menuitem', { name: /grace/ }).click()
    await other.page.getByRole('button', { name: 'Organization: grace' }).waitFor()
    const told: [path: string, reason: string][] = [
      ['members', 'Only admins add, change and remove members.'],
      ['projects', 'Only admins make and change projects.'],
      ['organization', 'Only its admins change its name'],
      ['audit', 'Only admins of the organization read what others changed.'],
    ]
    for (const [path, reason] of told) {
      await other.page.goto(`${server.url}/settings/${path}`)
      await other.page.getByText(reason).waitFor()
      expect(
        await other.page.getByRole('button', { name: /^(Add|New project|Save|Remove.*|Delete it)$/ }).count(),
      ).toBe(0)
    }
    await other.page.goto(`${server.url}/settings/members`)
    await hold(other.page, 'settings-members-user')

    const members = `/organizations/${grace.organization}/members`
    const roles = async () =>
      Object.fromEntries(
        (await grace.get<Paged<{ email: string; role: string }>>(members)).items.map(({ email, role }) => [
          email.split('@')[0],
          role,
        ]),
      )
    await pick(page, row.getByRole('combobox', { name: /^Role of/ }), 'Admin')
    await expect.poll(roles, PATIENCE).toEqual({ grace: 'admin', bob: 'admin' })

    await row.getByRole('button', { name: /^Make owner/ }).click()
    const dialog = page.getByRole('dialog')
    await dialog.waitFor()
    const confirm = dialog.getByRole('button', { name: 'Hand it over' })
    expect(await confirm.isDisabled()).toBe(true)
    const { name, owner_id } = await grace.get<{ name: string; owner_id: string }>(
      `/organizations/${grace.organization}`,
    )
    await dialog.getByRole('textbox').fill(name)
    await confirm.click()
    await dialog.waitFor({ state: 'detached' })
    const after = await grace.get<{ owner_id: string }>(`/organizations/${grace.organization}`)
    expect(after.owner_id).not.toBe(owner_id)
    // who gave it away may not take it back, nor delete it, and is told so
    expect(await page.getByRole('button', { name: /^Make owner/ }).count()).toBe(0)
    await page.goto(`${server.url}/settings/organization`)
    await page.getByText('Only its owner can delete it.').waitFor()
    await page.getByRole('button', { name: 'Leave it' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Leave it' }).click()
    await page.getByRole('heading', { name: 'You are in no organization' }).waitFor()
    await hold(page, 'no-organization')
    expect([...complaints, ...other.complaints]).toEqual([])
  },
  LONG_MS,
)

test(
  'organizations: made, renamed, put out of use, deleted by typing its name',
  async () => {
    const { page, complaints } = await visitor(browser)
    const joan = await Account.signUp(page, server.url, 'joan@example.org')
    await page.goto(server.url)
    await page.getByRole('button', { name: 'Organization: joan' }).click()
    await hold(page, 'organizations')
    await page.getByRole('menuitem', { name: 'New organization' }).click()
    await page.getByRole('dialog').getByLabel('Name').fill('Plant 7')
    await page.getByRole('button', { name: 'Make it' }).click()
    await page.getByRole('heading', { name: 'Plant 7' }).waitFor()
    await page.goto(`${server.url}/settings/organization`)
    await page.getByRole('textbox', { name: 'Name', exact: true }).fill('Plant Seven')
    await page.getByLabel('Short name').fill('Not a slug')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByRole('alert').waitFor()
    await page.getByLabel('Short name').fill('plant-seven')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    await page.getByRole('button', { name: 'Organization: Plant Seven' }).waitFor()
    await hold(page, 'settings-organization', true)
    await page.getByRole('switch', { name: 'They may' }).click()
    await page.getByRole('switch', { name: 'All devices are refused' }).waitFor()
    type Known = { name: string; slug: string; is_active: boolean }
    const all = async () =>
      (await joan.get<Paged<Known>>('/organizations?sort=name')).items.map(({ name, slug, is_active }) => ({
        name,
        slug,
        is_active,
      }))
    expect(await all()).toContainEqual({ name: 'Plant Seven', slug: 'plant-seven', is_active: false })

    await page.getByRole('button', { name: 'Delete it' }).click()
    const confirm = page.getByRole('button', { name: 'Delete it for good' })
    await page.getByRole('dialog').getByRole('textbox').fill('Plant')
    expect(await confirm.isDisabled()).toBe(true)
    await hold(page, 'settings-organization-delete')
    await page.getByRole('dialog').getByRole('textbox').fill('Plant Seven')
    await confirm.click()
    await page.getByRole('button', { name: 'Organization: joan' }).waitFor()
    expect((await all()).map(({ name }) => name)).not.toContain('Plant Seven')
    expect(complaints).toEqual([])
  },
  LONG_MS,
)

test(
  'projects: made with all that can be set, devices put in and taken out, the log told of it',
  async () => {
    const { page, complaints } = await visitor(browser)
    const lin = await Account.signUp(page, server.url, 'lin@example.org')
    const pump = await lin.device('pump')
    await page.goto(`${server.url}/settings/projects`)
    await page.getByText('There is none.').waitFor()
    await hold(page, 'settings-projects-none')
    await page.getByRole('button', { name: 'New project' }).click()
    const form = page.getByRole('dialog')
    await form.getByLabel('Name').fill('Cooling')
    await form.getByLabel('Description').fill('Hall 2')
    await form.getByLabel('Days that readings are kept').fill('90')
    await form.getByRole('combobox', { name: 'Tags' }).fill('hall 2')
    await form.getByRole('combobox', { name: 'Tags' }).press('Enter')
    await form.getByRole('switch').click()
    await hold(page, 'settings-project-new')
    await form.getByRole('button', { name: 'Make the project' }).click()
    await page.waitForURL('**/settings/projects/*-*')
    const id = new URL(page.url()).pathname.split('/').at(-1)
    const stored = () => lin.get(`/projects/${id}`)
    expect(await stored()).toMatchObject({
      name: 'Cooling',
      description: 'Hall 2',
      data_retention_days: 90,
      tags: ['hall 2'],
      auto_save: false,
      status: 'active',
    })
    await pick(page, page.getByRole('combobox', { name: 'Put a device into it' }), 'pump')
    await page.getByRole('button', { name: 'Take out pump' }).waitFor()
    expect(await lin.get(`/devices/${pump.id}`)).toMatchObject({ project_ids: [id] })
    await hold(page, 'settings-project', true)
    // also the device's own page says so, and takes it out
    await page.getByRole('link', { name: 'pump' }).click()
    await page.getByRole('tab', { name: 'Settings' }).click()
    await page.getByText('Its readings are kept for 90 days.').waitFor()
    await page.getByRole('button', { name: 'Take out of Cooling' }).click()
    await page.getByText('It is in none').waitFor()
    expect(await lin.get(`/devices/${pump.id}`)).toMatchObject({ project_ids: [] })

    await page.goto(`${server.url}/settings/projects/${id}`)
    await pick(page, page.getByRole('combobox', { name: 'Status' }), 'Archived')
    await page.getByRole('button', { name: 'Save' }).click()
    await page.getByText('Saved.').waitFor()
    expect(await stored()).toMatchObject({ status: 'archived', data_retention_days: 90 })
    await page.getByRole('link', { name: 'Projects' }).first().click()
    await page.getByRole('list', { name: 'Projects' }).getByText('Archived').waitFor()
    await hold(page, 'settings-projects')

    await page.goto(`${server.url}/settings/audit`)
    const entries = page.getByRole('list', { name: 'What was changed' }).getByRole('listitem')
    await entries.filter({ hasText: 'Project changed' }).waitFor()
    await hold(page, 'settings-audit')
    await pick(page, page.getByRole('combobox', { name: 'What' }), 'Device put into project')
    await entries.filter({ hasText: 'Project changed' }).waitFor({ state: 'detached' })
    expect(await entries.count()).toBe(1)
    // whoever is sent the address sees the same
    await page.reload()
    await entries.first().waitFor()
    expect(await entries.count()).toBe(1)
    await page.getByLabel('Before').fill('2020-01-01T00:00')
    await page.getByText('Nothing like this was changed.').waitFor()
    await page.getByRole('button', { name: 'Show everything' }).click()
    await entries.filter({ hasText: 'Project changed' }).waitFor()

    await page.goto(`${server.url}/settings/projects/${id}`)
    await page.getByRole('button', { name: 'Delete it' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete it' }).click()
    await page.getByText('There is none.').waitFor()
    expect(complaints).toEqual([])
  },
  LONG_MS,
)
