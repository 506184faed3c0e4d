import { ActionIcon } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { Link, Outlet, useSearch } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import {
  DashboardIcon,
  DeviceIcon,
  ExploreIcon,
  FlowIcon,
  OverviewIcon,
  SearchIcon,
  SettingsIcon,
} from '../parts/icons'
import { Waiting } from '../parts/Waiting'
import { Account } from './Account'
import { LinkChip } from './LinkChip'
import { Organizations } from './Organizations'
import classes from './Shell.module.css'

const Palette = lazy(async () => ({ default: (await import('./Palette')).Palette }))

const pages = [
  { to: '/', word: 'Overview', Icon: OverviewIcon, exact: true },
  { to: '/devices', word: 'Devices', Icon: DeviceIcon, exact: false },
  { to: '/flows', word: 'Flows', Icon: FlowIcon, exact: false },
  { to: '/dashboards', word: 'Dashboards', Icon: DashboardIcon, exact: false },
  { to: '/explore', word: 'Explorer', Icon: ExploreIcon, exact: false },
  { to: '/settings', word: 'Settings', Icon: SettingsIcon, exact: false },
] as const

/** What stands around all pages of those who are logged in. */
export function Shell() {
  const { kiosk } = useSearch({ strict: false })
  const [goes, setGoes] = useState(false)
  // Not loaded before somebody wants it.
  const [went, setWent] = useState(false)
  const open = () => {
    setWent(true)
    setGoes(true)
  }
  useHotkeys([['mod+K', open]], [])
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
          <ActionIcon
            variant="default"
            size="lg"
            aria-label="Go to a page or a thing"
            title="Go to (Ctrl K)"
            onClick={open}
          >
            <SearchIcon />
          </ActionIcon>
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
      {went && (
        <Suspense>
          <Palette opened={goes} close={() => setGoes(false)} />
        </Suspense>
      )}
    </div>
  )
}
