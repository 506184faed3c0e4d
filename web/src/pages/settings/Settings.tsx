import { NativeSelect } from '@mantine/core'
import { Link, Outlet, useLocation, useNavigate } from '@tanstack/react-router'
import { Suspense } from 'react'
import { useOrganization } from '../../organization'
import { Waiting } from '../../parts/Waiting'
import classes from './Settings.module.css'

const own = [
  { to: '/settings/profile', word: 'Profile and password' },
  { to: '/settings/sessions', word: 'Sessions' },
  { to: '/settings/tokens', word: 'API tokens' },
  { to: '/settings/log', word: 'What I changed' },
] as const

const shared = [
  { to: '/settings/organization', word: 'General' },
  { to: '/settings/members', word: 'Members' },
  { to: '/settings/projects', word: 'Projects' },
  { to: '/settings/audit', word: 'Audit log' },
] as const

const all = [...own, ...shared]

/** Stands around all settings: those of the account, and those of the organization. */
export function Settings() {
  const organization = useOrganization()
  const groups = [
    { name: 'Your account', pages: own },
    ...(organization ? [{ name: organization.name, pages: shared }] : []),
  ]
  return (
    <div className="stack">
      <h1 style={{ margin: 0 }}>Settings</h1>
      <Short groups={groups} />
      <div className={classes['settings']}>
        <nav className={classes['nav']} aria-label="Settings">
          {groups.map(({ name, pages }) => [
            <h2 key={name} title={name}>
              {name}
            </h2>,
            ...pages.map(({ to, word }) => (
              <Link key={to} to={to}>
                {word}
              </Link>
            )),
          ])}
        </nav>
        <div className="stack">
          <Suspense fallback={<Waiting />}>
            <Outlet />
          </Suspense>
        </div>
      </div>
    </div>
  )
}

type Groups = { name: string; pages: typeof own | typeof shared }[]

/** The same where there is no room beside the page. */
function Short({ groups }: { groups: Groups }) {
  const { pathname } = useLocation()
  const navigate = useNavigate()
  const here = all.find(({ to }) => pathname.startsWith(to))
  return (
    <NativeSelect
      className={classes['short']}
      aria-label="Which settings"
      value={here?.to ?? ''}
      onChange={event => {
        const page = all.find(({ to }) => to === event.currentTarget.value)
        if (page) void navigate({ to: page.to })
      }}
      data={groups.map(({ name, pages }) => ({
        group: name,
        items: pages.map(({ to, word }) => ({ value: to, label: word })),
      }))}
    />
  )
}
