import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { type DeviceStatus, fleetQuery } from '../../api/queries'
import { useIsAdmin, useOrganization } from '../../organization'
import { NoOrganization } from '../../parts/NoOrganization'
import { Status } from '../../parts/Status'
import { Trouble } from '../../parts/Trouble'
import { Happened } from './Happened'
import { Measures } from './Measures'
import classes from './Overview.module.css'
import { Recent } from './Recent'

// Whoever has devices does not need it.
const AddDevice = lazy(async () => ({ default: (await import('../devices/AddDevice')).AddDevice }))

/** How the fleet is; for who has none, how to begin. */
export function Overview() {
  const organization = useOrganization()
  return organization ? (
    <Of key={organization.id} id={organization.id} name={organization.name} />
  ) : (
    <NoOrganization />
  )
}

const tiles: DeviceStatus[] = ['active', 'offline', 'inactive', 'error']

function Of({ id, name }: { id: string; name: string }) {
  const { data: fleet, error, refetch } = useQuery(fleetQuery(id))
  // Stays while somebody looks at the token of their first device.
  const [connecting, setConnecting] = useState(false)
  if (!fleet) {
    return error ? <Trouble error={error} again={() => refetch()} /> : <Skeleton height={96} />
  }
  return (
    <div className="stack">
      <title>{`${name} · EdgeSync`}</title>
      <h1 style={{ margin: 0 }}>{name}</h1>
      {error && <Trouble error={error} again={() => refetch()} />}
      {(fleet.devices === 0 || connecting) && <First organization={id} done={() => setConnecting(true)} />}
      {fleet.devices > 0 && (
        <>
          <ul className={classes['tiles']} aria-label="Devices by how they are">
            {tiles.map(status => (
              <li key={status} className="panel">
                <Link to="/devices" search={{ status }}>
                  <span className={classes['count']} data-zero={fleet[status] === 0}>
                    {fleet[status]}
                  </span>
                  <Status device={{ status, is_active: true }} dim={fleet[status] === 0} />
                </Link>
              </li>
            ))}
          </ul>
          <Measures fleet={fleet} />
          <div className={classes['lately']}>
            <Recent organization={id} />
            <Happened organization={id} />
          </div>
        </>
      )}
    </div>
  )
}

function First({ organization, done }: { organization: string; done: () => void }) {
  const mayAdd = useIsAdmin(organization)
  return (
    <section className="panel" style={{ maxWidth: 720 }}>
      <h2>Connect your first device</h2>
      {mayAdd ? (
        <Suspense fallback={<Skeleton height={200} />}>
          <AddDevice organization={organization} done={done} />
        </Suspense>
      ) : (
        <p>There is no device yet. Ask an admin of the organization to add one.</p>
      )}
    </section>
  )
}
