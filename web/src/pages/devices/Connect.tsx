import { Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useRef, useState } from 'react'
import { sensorsQuery } from '../../api/queries'
import { link, useLatest } from '../../live/hooks'
import { Copy } from '../../parts/Copy'
import { CheckIcon, NewIcon } from '../../parts/icons'
import { Secret } from '../../parts/Secret'
import { shown } from '../../parts/value'
import classes from './Connect.module.css'
import { snippets } from './snippets'

/** How to connect a device whose token was just made, and whether it has come. */
export function Connect({ device, token }: { device: { id: string; name: string }; token: string }) {
  const ways = snippets(location.host, location.protocol === 'https:', token)
  return (
    <div className="stack">
      <Secret token={token} of={device.name} />
      <Tabs defaultValue="curl" keepMounted={false}>
        <Tabs.List>
          {ways.map(({ name }) => (
            <Tabs.Tab key={name} value={name}>
              {name}
            </Tabs.Tab>
          ))}
        </Tabs.List>
        {ways.map(({ name, needs, text }) => (
          <Tabs.Panel key={name} value={name} pt="sm">
            <p className="dim" style={{ margin: '0 0 8px' }}>
              {needs}
            </p>
            <Copy text={text} label={`${name} snippet`} />
          </Tabs.Panel>
        ))}
      </Tabs>
      <FirstReading device={device} />
    </div>
  )
}

/**
 * Turns green at the first reading that comes from now on: at once by the live socket if it is of the snippets' sensor, and soon if it is of another.
 */
function FirstReading({ device }: { device: { id: string; name: string } }) {
  const source = { device: device.id, sensor: 'temperature' }
  const { latest } = useLatest(source)
  const [before] = useState(() => link.feed(source).received)
  const live = latest && link.feed(source).received > before ? latest : undefined
  const sensors = useQuery({ ...sensorsQuery(device.id), refetchInterval: live ? false : 2_000 }).data
  const known = useRef<number>(undefined)
  if (sensors) known.current ??= Math.max(0, ...sensors.map(({ latest }) => latest?.id ?? 0))
  const other = sensors?.find(({ latest }) => latest && latest.id > (known.current ?? 0))?.latest
  const first = live
    ? { sensor: 'temperature', value: live.value, unit: live.unit }
    : other && { sensor: other.sensor_type, value: other.raw_data ?? other.value, unit: other.unit }
  return (
    <div className={classes['first']} data-came={first !== undefined} role="status">
      {first ? <CheckIcon /> : <NewIcon />}
      <span className={classes['text']}>
        {first ? (
          <>
            {device.name} is connected: {first.sensor} {shown(first.value)} {first.unit}
          </>
        ) : (
          <>Waiting for the first reading of {device.name}</>
        )}
      </span>
      {first && (
        <Link to="/devices/$id" params={{ id: device.id }}>
          Open the device
        </Link>
      )}
    </div>
  )
}
