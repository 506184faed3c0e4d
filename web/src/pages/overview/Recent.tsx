import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { devicesQuery } from '../../api/queries'
import { Age } from '../../parts/Age'
import { Status } from '../../parts/Status'
import { Trouble } from '../../parts/Trouble'
import classes from './Overview.module.css'

const SHOWN = 8

/** The devices that were heard last. */
export function Recent({ organization }: { organization: string }) {
  const query = devicesQuery(organization, { sort: '-last_seen' })
  const { data, error, refetch } = useInfiniteQuery(query)
  // One that never was counts as seen when it was made.
  const devices = data?.pages[0]?.items.filter(({ last_seen }) => last_seen !== null).slice(0, SHOWN)
  return (
    <section className="panel">
      <h2>Heard last</h2>
      {error && !devices && <Trouble error={error} again={() => refetch()} />}
      {devices?.length === 0 && (
        <p>No device has sent anything yet. On its page, under “Token”, is how to connect it.</p>
      )}
      <ul className={classes['recent']}>
        {devices?.map(device => (
          <li key={device.id}>
            <Link to="/devices/$id" params={{ id: device.id }}>
              {device.name}
            </Link>
            <Status device={device} />
            <span className="dim">
              <Age of={device.last_seen} />
            </span>
          </li>
        ))}
      </ul>
      <Link to="/devices">All devices</Link>
    </section>
  )
}
