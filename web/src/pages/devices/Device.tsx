import { Skeleton, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { deviceQuery, historyQuery, sensorsQuery } from '../../api/queries'
import { useIsAdmin } from '../../organization'
import { Age } from '../../parts/Age'
import { BackIcon } from '../../parts/icons'
import { Status } from '../../parts/Status'
import { Trouble } from '../../parts/Trouble'
import { Waiting } from '../../parts/Waiting'
import classes from './Device.module.css'
import { DeviceSettings } from './DeviceSettings'
import { SensorCard } from './SensorCard'

const route = getRouteApi('/inside/devices/$id')

/** One device: what it sends now, what happened to it, its token. */
export function DevicePage() {
  const { id } = route.useParams()
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
      <Tabs defaultValue="values" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="values">Values</Tabs.Tab>
          <Tabs.Tab value="events">Events</Tabs.Tab>
          <Tabs.Tab value="settings">Token and settings</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="values" pt="md">
          <Values id={id} />
        </Tabs.Panel>
        <Tabs.Panel value="events" pt="md">
          <Events id={id} />
        </Tabs.Panel>
        <Tabs.Panel value="settings" pt="md">
          <Settings device={device} />
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
        Nothing has come yet. Under “Token and settings” is how to connect it; values appear here by
        themselves.
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

const happened: Record<string, string> = {
  created: 'Made',
  updated: 'Changed',
  deleted: 'Deleted',
  connected: 'Connected',
  disconnected: 'Disconnected',
  token_rotated: 'New token',
  token_revoked: 'Token taken away',
}

function Events({ id }: { id: string }) {
  const { data: events, error, refetch } = useQuery(historyQuery(id))
  if (error && !events) return <Trouble error={error} again={() => refetch()} />
  if (!events) return <Skeleton height={160} />
  if (events.length === 0) return <div className="panel">Nothing has happened to it yet.</div>
  return (
    <ul className={`panel ${classes['events']}`}>
      {events.map(event => (
        <li key={event.id}>
          <span>{happened[event.action] ?? event.action}</span>
          <span className="dim">{more(event.details)}</span>
          <span className="dim">
            <Age of={event.at} />
          </span>
        </li>
      ))}
    </ul>
  )
}

function more(details: Record<string, unknown>): string {
  const said = []
  if (Array.isArray(details['fields'])) said.push(details['fields'].join(', '))
  if (typeof details['skipped'] === 'number') said.push(`${details['skipped']} more before it`)
  return said.join(' · ')
}

function Settings({ device }: { device: Parameters<typeof DeviceSettings>[0]['device'] }) {
  const mayChange = useIsAdmin(device.organization_id)
  if (!mayChange) {
    return (
      <div className="panel">
        Only admins of the organization change devices and their tokens. Ask one of them, or ask to be made
        one.
      </div>
    )
  }
  return <DeviceSettings device={device} />
}
