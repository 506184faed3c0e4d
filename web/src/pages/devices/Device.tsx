import { Skeleton, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { lazy, type ReactNode, Suspense } from 'react'
import { type Device, deviceQuery, sensorsQuery } from '../../api/queries'
import { useIsAdmin } from '../../organization'
import { Age } from '../../parts/Age'
import { BackIcon } from '../../parts/icons'
import { Status } from '../../parts/Status'
import { Trouble } from '../../parts/Trouble'
import { Waiting } from '../../parts/Waiting'
import classes from './Device.module.css'
import { DeviceSettings } from './DeviceSettings'
import { DeviceToken } from './DeviceToken'
import { Events } from './Events'
import { SensorCard } from './SensorCard'

// With the chart, which the other tabs do not need.
const Readings = lazy(async () => ({ default: (await import('./Readings')).Readings }))

const route = getRouteApi('/inside/devices/$id')

/** One device: what it sends now, what happened to it, its token. */
export function DevicePage() {
  const { id } = route.useParams()
  const { tab = 'values' } = route.useSearch()
  const navigate = route.useNavigate()
  const { data: device, error, refetch } = useQuery(deviceQuery(id))
  if (!device) {
    return (
      <div className="stack">
        <Back />
        {error ? <Trouble error={error} again={() => refetch()} /> : <Waiting />}
      </div>
    )
  }
  return (
    <div className="stack">
      <title>{`${device.name} · EdgeSync`}</title>
      <Back />
      <div>
        <div className="row">
          <h1 style={{ margin: 0 }}>{device.name}</h1>
          <Status device={device} />
        </div>
        <div className="dim">
          {device.device_type && <>{device.device_type} · </>}Last seen <Age of={device.last_seen} />
          {device.description && <> · {device.description}</>}
        </div>
      </div>
      <Tabs
        value={tab}
        onChange={next =>
          navigate({
            search: next === 'values' ? {} : { tab: next as Exclude<typeof tab, 'values'> },
            replace: true,
            resetScroll: false,
          })
        }
        keepMounted={false}
      >
        <Tabs.List className={classes['tabs'] ?? ''}>
          <Tabs.Tab value="values">Values</Tabs.Tab>
          <Tabs.Tab value="readings">Readings</Tabs.Tab>
          <Tabs.Tab value="events">Events</Tabs.Tab>
          <Tabs.Tab value="token">Token</Tabs.Tab>
          <Tabs.Tab value="settings">Settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="values" pt="md">
          <Values id={id} />
        </Tabs.Panel>
        <Tabs.Panel value="readings" pt="md">
          <Suspense fallback={<Skeleton height={360} />}>
            <Readings device={device} />
          </Suspense>
        </Tabs.Panel>
        <Tabs.Panel value="events" pt="md">
          <Events id={id} />
        </Tabs.Panel>
        <Tabs.Panel value="token" pt="md">
          <ForAdmins device={device}>
            <DeviceToken device={device} />
          </ForAdmins>
        </Tabs.Panel>
        <Tabs.Panel value="settings" pt="md">
          <ForAdmins device={device}>
            <DeviceSettings key={device.id} device={device} />
          </ForAdmins>
        </Tabs.Panel>
      </Tabs>
    </div>
  )
}

function Back() {
  return (
    <Link to="/devices" className="row" style={{ gap: 4, alignSelf: 'flex-start' }}>
      <BackIcon />
      Devices
    </Link>
  )
}

function Values({ id }: { id: string }) {
  const { data: sensors, error, refetch } = useQuery(sensorsQuery(id))
  if (error && !sensors) return <Trouble error={error} again={() => refetch()} />
  if (!sensors) return <Skeleton height={160} />
  if (sensors.length === 0) {
    return (
      <div className="panel">
        Nothing has come yet. Under “Token” is how to connect it; values appear here by themselves.
      </div>
    )
  }
  return (
    <div className={classes['cards']}>
      {sensors.map(sensor => (
        <SensorCard key={sensor.sensor_type} sensor={sensor} />
      ))}
    </div>
  )
}

function ForAdmins({ device, children }: { device: Device; children: ReactNode }) {
  const mayChange = useIsAdmin(device.organization_id)
  if (mayChange) return children
  return (
    <div className="panel">
      Only admins of the organization change devices and their tokens. Ask one of them, or ask to be made one.
    </div>
  )
}
