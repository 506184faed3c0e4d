import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { eventsQuery } from '../../api/devices'
import { Age } from '../../parts/Age'
import { Trouble } from '../../parts/Trouble'
import { happened, more } from '../devices/events'
import classes from './Overview.module.css'

/** What happened to any device lately, the newest first. */
export function Happened({ organization }: { organization: string }) {
  const { data: events, error, refetch } = useQuery(eventsQuery(organization))
  return (
    <section className="panel">
      <h2>Happened last</h2>
      {error && !events && <Trouble error={error} again={() => refetch()} />}
      {!events && !error && <Skeleton height={160} />}
      {events?.length === 0 && <p>Nothing has happened to any device yet.</p>}
      <ul className={classes['recent']} aria-label="Events">
        {events?.map(({ id, device_id, device_name, action, details, at }) => (
          <li key={id}>
            {device_name === null ? (
              <span className="dim">A device that was deleted</span>
            ) : (
              <Link to="/devices/$id" params={{ id: device_id }} search={{ tab: 'events' }}>
                {device_name}
              </Link>
            )}
            <span title={more(details)}>{happened(action)}</span>
            <span className="dim">
              <Age of={at} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
