import { Link, Outlet, useSearch } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { useOrganization, useOrganizations } from '../organization'
import { DashboardIcon, DeviceIcon, FlowIcon, OverviewIcon } from '../parts/icons'
import { Waiting } from '../parts/Waiting'
import { Account } from './Account'
import { LinkChip } from './LinkChip'
import classes from './Shell.module.css'

// Most are in one organization, and every page pays for what the shell loads.
const OrganizationSelect = lazy(() =>
  import('./OrganizationSelect').then(({ OrganizationSelect }) => ({ default: OrganizationSelect })),
)

const pages = [
  { to: '/', word: 'Overview', Icon: OverviewIcon, exact: true },
  { to: '/devices', word: 'Devices', Icon: DeviceIcon, exact: false },
  { to: '/flows', word: 'Flows', Icon: FlowIcon, exact: false },
  { to: '/dashboards', word: 'Dashboards', Icon: DashboardIcon, exact: false },
] as const

/** What stands around all pages of those who are logged in. */
export function Shell() {
  const { kiosk } = useSearch({ strict: false })
  if (kiosk) {
    return (
      <main>
        <Suspense fallback={<Waiting />}>
          <Outlet />
        </Suspense>
      </main>
    )
  }
  return (
    <div className={classes['shell']}>
      <a className={classes['skip']} href="#page">
        Skip to the page
      </a>
      <header className={classes['head']}>
        <Link to="/" className={classes['brand']}>
          EdgeSync
        </Link>
        <Suspense>
          <Organizations />
        </Suspense>
        <div className={classes['end']}>
          <LinkChip />
          <Account />
        </div>
      </header>
      <nav className={classes['nav']} aria-label="Pages">
        {pages.map(({ to, word, Icon, exact }) => (
          <Link key={to} to={to} activeOptions={{ exact }} className={classes['item']}>
            <Icon />
            {word}
          </Link>
        ))}
      </nav>
      <main id="page" className={classes['page']} tabIndex={-1}>
        <Suspense fallback={<Waiting />}>
          <Outlet />
        </Suspense>
      </main>
    </div>
  )
}

function Organizations() {
  const all = useOrganizations()
  const current = useOrganization()
  if (all.length < 2 || !current) return <span className="dim">{current?.name}</span>
  return <OrganizationSelect all={all} current={current.id} />
}
