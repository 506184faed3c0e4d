import { Button, Menu } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useMemo, useState } from 'react'
import { storedQuery } from '../../api/dashboards'
import { meQuery } from '../../api/queries'
import { BackIcon, EditIcon, ShareIcon } from '../../parts/icons'
import { Trouble } from '../../parts/Trouble'
import { Waiting } from '../../parts/Waiting'
import { TimeBar } from '../../widgets/TimeBar'
import classes from './Dashboard.module.css'
import { DashboardMenu } from './DashboardMenu'
import type { Stored } from './model/board'
import { boardOf } from './model/board'
import { useRights } from './rights'
import { type Time, useTime } from './time'
import { Widgets } from './Widgets'

const route = getRouteApi('/inside/dashboards/$id')
// Not loaded by who only looks.
const Share = lazy(() => import('./Share').then(({ Share }) => ({ default: Share })))
const Kiosk = lazy(() => import('./Kiosk').then(({ Kiosk }) => ({ default: Kiosk })))

/** A dashboard to look at. It is changed on a page of its own. */
export function DashboardPage() {
  const { id } = route.useParams()
  const { kiosk } = route.useSearch()
  const { data, error, refetch } = useQuery(storedQuery(id))
  if (data) return <Shown key={id} stored={data} lost={error} again={() => refetch()} />
  return (
    <div className="stack" style={kiosk ? { padding: 16 } : {}}>
      {!kiosk && <Back />}
      {error ? <Trouble error={error} again={() => refetch()} /> : <Waiting />}
    </div>
  )
}

interface ShownProps {
  stored: Stored
  /** Why the last look for changes failed. */
  lost: Error | null
  again: () => void
}

function Shown({ stored, lost, again }: ShownProps) {
  const { template } = stored
  const search = route.useSearch()
  const navigate = route.useNavigate()
  const told = useCallback(
    (range: { last?: string; from?: number; to?: number }) =>
      void navigate({
        search: ({ last: _, from: _f, to: _t, ...before }) => ({ ...before, ...range }),
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  )
  const time = useTime(search, told)
  const board = useMemo(() => boardOf(template, stored.widgets), [template, stored.widgets])
  const ids = useMemo(
    () => new Map(stored.widgets.map(({ widget_id, id }) => [widget_id, id])),
    [stored.widgets],
  )
  const widgets = (
    <Widgets
      board={board}
      ids={ids}
      dashboard={template.id}
      range={time.range}
      onZoom={time.zoomIn}
      onZoomOut={time.zoomBack}
    />
  )
  const leave = useCallback(
    () =>
      void navigate({
        search: ({ kiosk: _, look: _l, ...before }) => before,
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  )
  if (search.kiosk) {
    return (
      <Suspense>
        <Kiosk name={template.name} look={search.look} onLeave={leave}>
          {board.items.length === 0 ? <div className="panel">There is nothing on it yet.</div> : widgets}
        </Kiosk>
      </Suspense>
    )
  }
  return (
    <div className="stack">
      <title>{`${template.name} · EdgeSync`}</title>
      <Head stored={stored} time={time} />
      {lost && <Trouble error={lost} again={again} />}
      {board.items.length === 0 ? <Nothing stored={stored} /> : widgets}
    </div>
  )
}

function Back() {
  return (
    <Link to="/dashboards" className="row" style={{ gap: 4, alignSelf: 'flex-start' }}>
      <BackIcon />
      Dashboards
    </Link>
  )
}

function Head({ stored: { template }, time }: { stored: Stored; time: Time }) {
  const navigate = route.useNavigate()
  const me = useQuery(meQuery).data
  const rights = useRights(template, me?.id ?? '')
  const [isSharing, setSharing] = useState(false)
  return (
    <div className={classes['head']}>
      <div className={classes['title']}>
        <Back />
        <h1>{template.name}</h1>
        {template.description && <div className="dim">{template.description}</div>}
      </div>
      <div className={classes['tools']}>
        <TimeBar
          range={time.range}
          onChange={time.set}
          onZoomOut={time.isZoomed ? time.zoomBack : undefined}
        />
        {rights.change && (
          <Button size="xs" variant="default" leftSection={<ShareIcon />} onClick={() => setSharing(true)}>
            Share
          </Button>
        )}
        {rights.change && (
          <Button
            size="xs"
            variant="default"
            leftSection={<EditIcon />}
            renderRoot={props => <Link {...props} to="/dashboards/$id/edit" params={{ id: template.id }} />}
          >
            Edit
          </Button>
        )}
        <DashboardMenu dashboard={template} onDeleted={() => navigate({ to: '/dashboards' })}>
          <Menu.Item onClick={() => navigate({ search: before => ({ ...before, kiosk: 1 }) })}>
            Show it on a wall (kiosk)
          </Menu.Item>
        </DashboardMenu>
      </div>
      {isSharing && (
        <Suspense>
          <Share dashboard={template} rights={rights} onClose={() => setSharing(false)} />
        </Suspense>
      )}
    </div>
  )
}

function Nothing({ stored: { template } }: { stored: Stored }) {
  const me = useQuery(meQuery).data
  const rights = useRights(template, me?.id ?? '')
  return (
    <div className="panel stack" style={{ alignItems: 'flex-start' }}>
      <div>There is nothing on it yet.</div>
      {rights.change ? (
        <Button
          renderRoot={props => <Link {...props} to="/dashboards/$id/edit" params={{ id: template.id }} />}
        >
          Add widgets
        </Button>
      ) : (
        <div className="dim">Who made it, or an admin of the organization, can add widgets.</div>
      )}
    </div>
  )
}
