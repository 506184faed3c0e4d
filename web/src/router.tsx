/** The addresses of the pages. Each page is a file of its own that is loaded when somebody goes there. */
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  redirect,
} from '@tanstack/react-router'
import type { DashboardSort } from './api/dashboards'
import type { FlowSort } from './api/flows'
import type { DeviceSort, DeviceStatus } from './api/queries'
import { meQuery, queryClient } from './api/queries'
import { type ExploreSearch, validate } from './pages/explore/state'
import { auditSearch, isId } from './pages/settings/search'
import { Failed } from './shell/Failed'
import { Lost } from './shell/Lost'

const root = createRootRoute({
  notFoundComponent: Lost,
  errorComponent: Failed,
})

const entry = createRoute({
  getParentRoute: () => root,
  path: '/login',
  validateSearch: (search): { next?: string } =>
    // only a page of ours: two slashes would lead to another server
    typeof search['next'] === 'string' && /^\/(?![/\\])/.test(search['next']) ? { next: search['next'] } : {},
  beforeLoad: async ({ search }) => {
    if (await queryClient.ensureQueryData(meQuery).catch(() => null))
      throw redirect({ to: search.next ?? '/' })
  },
  component: lazyRouteComponent(() => import('./pages/entry/Entry'), 'Entry'),
})

/** What only those see who are logged in. */
const inside = createRoute({
  getParentRoute: () => root,
  id: 'inside',
  beforeLoad: async ({ location }) => {
    if (!(await queryClient.ensureQueryData(meQuery))) {
      throw redirect({ to: '/login', search: location.href === '/' ? {} : { next: location.href } })
    }
  },
  component: lazyRouteComponent(() => import('./shell/Shell'), 'Shell'),
})

const overview = createRoute({
  getParentRoute: () => inside,
  path: '/',
  component: lazyRouteComponent(() => import('./pages/overview/Overview'), 'Overview'),
})

const STATUS: readonly string[] = ['active', 'offline', 'inactive', 'error'] satisfies DeviceStatus[]
const SORTS: readonly string[] = [
  'name',
  '-name',
  'last_seen',
  '-last_seen',
  'created_at',
  '-created_at',
] satisfies DeviceSort[]

interface DevicesSearch {
  q?: string
  status?: DeviceStatus
  project?: string
  sort?: DeviceSort
  add?: boolean
}

const devices = createRoute({
  getParentRoute: () => inside,
  path: '/devices',
  validateSearch: (search): DevicesSearch => ({
    ...(typeof search['q'] === 'string' && search['q'] ? { q: search['q'].slice(0, 200) } : {}),
    ...(STATUS.includes(search['status'] as string) ? { status: search['status'] as DeviceStatus } : {}),
    ...(isId(search['project']) ? { project: search['project'] } : {}),
    ...(SORTS.includes(search['sort'] as string) ? { sort: search['sort'] as DeviceSort } : {}),
    ...(search['add'] === true ? { add: true } : {}),
  }),
  component: lazyRouteComponent(() => import('./pages/devices/Devices'), 'Devices'),
})

const DEVICE_TABS = ['readings', 'events', 'token', 'settings'] as const
type DeviceTab = (typeof DEVICE_TABS)[number]

const device = createRoute({
  getParentRoute: () => inside,
  path: '/devices/$id',
  validateSearch: (search): { tab?: DeviceTab } => {
    const tab = DEVICE_TABS.find(one => one === search['tab'])
    return tab ? { tab } : {}
  },
  component: lazyRouteComponent(() => import('./pages/devices/Device'), 'DevicePage'),
})

const DASHBOARD_SORTS: readonly string[] = [
  'name',
  '-name',
  'updated_at',
  '-updated_at',
] satisfies DashboardSort[]

const dashboards = createRoute({
  getParentRoute: () => inside,
  path: '/dashboards',
  validateSearch: (search): { q?: string; project?: string; sort?: DashboardSort } => ({
    ...(typeof search['q'] === 'string' && search['q'] ? { q: search['q'].slice(0, 200) } : {}),
    ...(typeof search['project'] === 'string' && search['project'] ? { project: search['project'] } : {}),
    ...(DASHBOARD_SORTS.includes(search['sort'] as string) ? { sort: search['sort'] as DashboardSort } : {}),
  }),
  component: lazyRouteComponent(() => import('./pages/dashboards/Dashboards'), 'Dashboards'),
})

const LOOKS: readonly string[] = ['auto', 'light', 'dark']

interface DashboardSearch {
  /** Nothing but the dashboard, for a screen on a wall. */
  kiosk?: 1
  /** How a kiosk looks. */
  look?: 'auto' | 'light' | 'dark'
  /** The time that is shown, as `widgets/range.ts` writes it. */
  last?: string
  from?: number
  to?: number
}

const dashboard = createRoute({
  getParentRoute: () => inside,
  path: '/dashboards/$id',
  validateSearch: (search): DashboardSearch => ({
    ...(search['kiosk'] === 1 || search['kiosk'] === true ? { kiosk: 1 } : {}),
    ...(LOOKS.includes(search['look'] as string) ? { look: search['look'] as 'auto' } : {}),
    ...(typeof search['last'] === 'string' ? { last: search['last'] } : {}),
    ...(typeof search['from'] === 'number' ? { from: search['from'] } : {}),
    ...(typeof search['to'] === 'number' ? { to: search['to'] } : {}),
  }),
  component: lazyRouteComponent(() => import('./pages/dashboards/Dashboard'), 'DashboardPage'),
})

const editDashboard = createRoute({
  getParentRoute: () => inside,
  path: '/dashboards/$id/edit',
  component: lazyRouteComponent(() => import('./pages/dashboards/edit/Edit'), 'EditPage'),
})

/** For whoever has a share link, logged in or not. */
const shared = createRoute({
  getParentRoute: () => root,
  path: '/shared',
  component: lazyRouteComponent(() => import('./pages/dashboards/Shared'), 'Shared'),
})

const FLOW_SORTS: readonly string[] = ['name', '-name', 'updated_at', '-updated_at'] satisfies FlowSort[]

const flows = createRoute({
  getParentRoute: () => inside,
  path: '/flows',
  validateSearch: (search): { q?: string; project?: string; sort?: FlowSort; make?: string } => ({
    ...(typeof search['q'] === 'string' && search['q'] ? { q: search['q'].slice(0, 200) } : {}),
    ...(typeof search['project'] === 'string' ? { project: search['project'] } : {}),
    ...(FLOW_SORTS.includes(search['sort'] as string) ? { sort: search['sort'] as FlowSort } : {}),
    ...(typeof search['make'] === 'string' ? { make: search['make'] } : {}),
  }),
  component: lazyRouteComponent(() => import('./pages/flows/Flows'), 'Flows'),
})

const flowVersions = createRoute({
  getParentRoute: () => inside,
  path: '/flows/$id/versions',
  component: lazyRouteComponent(() => import('./pages/flows/versions/VersionsPage'), 'VersionsPage'),
})

const flowRuns = createRoute({
  getParentRoute: () => inside,
  path: '/flows/$id/runs',
  component: lazyRouteComponent(() => import('./pages/flows/runs/RunsPage'), 'RunsPage'),
})

const flowEditor = createRoute({
  getParentRoute: () => inside,
  path: '/flows/$id',
  component: lazyRouteComponent(() => import('./pages/flows/editor/EditorPage'), 'EditorPage'),
})

const explore = createRoute({
  getParentRoute: () => inside,
  path: '/explore',
  validateSearch: (search: Record<string, unknown>): ExploreSearch => validate(search),
  component: lazyRouteComponent(() => import('./pages/explore/Explorer'), 'Explorer'),
})

const settings = createRoute({
  getParentRoute: () => inside,
  path: '/settings',
  beforeLoad: ({ location }) => {
    if (/^\/settings\/?$/.test(location.pathname)) throw redirect({ to: '/settings/profile', replace: true })
  },
  component: lazyRouteComponent(() => import('./pages/settings/Settings'), 'Settings'),
})

const settingsPages = [
  createRoute({
    getParentRoute: () => settings,
    path: '/profile',
    component: lazyRouteComponent(() => import('./pages/settings/Profile'), 'Profile'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/sessions',
    component: lazyRouteComponent(() => import('./pages/settings/Sessions'), 'Sessions'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/tokens',
    component: lazyRouteComponent(() => import('./pages/settings/Tokens'), 'Tokens'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/log',
    validateSearch: auditSearch,
    component: lazyRouteComponent(() => import('./pages/settings/Audit'), 'OwnLog'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/organization',
    component: lazyRouteComponent(() => import('./pages/settings/Organization'), 'OrganizationSettings'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/members',
    component: lazyRouteComponent(() => import('./pages/settings/Members'), 'Members'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/projects',
    component: lazyRouteComponent(() => import('./pages/settings/Projects'), 'Projects'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/projects/$id',
    component: lazyRouteComponent(() => import('./pages/settings/ProjectPage'), 'ProjectPage'),
  }),
  createRoute({
    getParentRoute: () => settings,
    path: '/audit',
    validateSearch: auditSearch,
    component: lazyRouteComponent(() => import('./pages/settings/Audit'), 'Audit'),
  }),
] as const

export const router = createRouter({
  routeTree: root.addChildren([
    entry,
    shared,
    inside.addChildren([
      overview,
      devices,
      device,
      flows,
      flowEditor,
      flowVersions,
      flowRuns,
      dashboards,
      dashboard,
      editDashboard,
      explore,
      settings.addChildren([...settingsPages]),
    ]),
  ]),
  defaultPreload: 'intent',
  scrollRestoration: true,
})

// Whoever is found not to be logged in any more goes to the login, and comes back to the same page.
queryClient.getQueryCache().subscribe(event => {
  if (event.type !== 'updated' || event.query.queryKey[0] !== 'me') return
  if (event.action.type === 'success' && event.query.state.data === null) void router.invalidate()
})

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router
  }
}
