import { Button, Skeleton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { queryClient } from '../../api/queries'
import { type OwnSession, sessionsQuery } from '../../api/settings'
import { Age } from '../../parts/Age'
import { Confirm } from '../../parts/Confirm'
import { Trouble } from '../../parts/Trouble'
import { at } from '../../parts/time'
import { clientOf } from './client'
import classes from './Settings.module.css'

/** Where one is logged in. */
export function Sessions() {
  const { data, error, refetch } = useQuery(sessionsQuery)
  const [asks, setAsks] = useState(false)
  const refresh = () => queryClient.invalidateQueries({ queryKey: sessionsQuery.queryKey })
  const endOthers = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/me/sessions')),
    onSuccess: () => {
      setAsks(false)
      return refresh()
    },
  })
  const others = data?.filter(({ current }) => !current).length ?? 0
  return (
    <>
      <title>Sessions · EdgeSync</title>
      <div className="row spread">
        <h2 style={{ margin: 0 }}>Sessions</h2>
        {others > 0 && (
          <Button variant="default" onClick={() => setAsks(true)}>
            End all others
          </Button>
        )}
      </div>
      {error && <Trouble error={error} again={() => refetch()} />}
      {!data && !error && <Skeleton height={160} />}
      {data && (
        <ul className={`panel ${classes['list']}`} style={{ padding: 0 }} aria-label="Sessions">
          {/* the one that asks first, then those that were used last */}
          {[...data]
            .sort(
              (a, b) => Number(b.current) - Number(a.current) || b.last_used_at.localeCompare(a.last_used_at),
            )
            .map(session => (
              <One key={session.id} session={session} done={refresh} />
            ))}
        </ul>
      )}
      <Confirm
        opened={asks}
        close={() => setAsks(false)}
        title="End all other sessions?"
        verb="End them"
        error={endOthers.error}
        pending={endOthers.isPending}
        onConfirm={() => endOthers.mutate()}
      >
        Whoever is logged in with your account in another browser must log in again. This browser stays logged
        in.
      </Confirm>
    </>
  )
}

/** Told of sessions that were begun since servers note it. */
type Origin = { user_agent?: string | null; ip?: string | null }

function One({ session, done }: { session: OwnSession & Origin; done: () => void }) {
  const client = clientOf(session.user_agent)
  const end = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id: session.id } } })),
    onSuccess: done,
  })
  return (
    <li>
      <div className={classes['main']}>
        <div>{session.current ? 'This browser' : (client ?? 'Another browser or program')}</div>
        <div className="dim">
          {session.current && client && <>{client} · </>}
          {session.ip && <>{session.ip} · </>}logged in <Age of={session.created_at} /> ·{' '}
          <span className="mono">{session.token_prefix}…</span> · used <Age of={session.last_used_at} /> ·
          ends by itself on {at(Date.parse(session.expires_at))}
        </div>
        {end.error && <Trouble error={end.error} />}
      </div>
      {session.current ? (
        <span className="dim">To end it, log out</span>
      ) : (
        <Button variant="default" size="xs" loading={end.isPending} onClick={() => end.mutate()}>
          End it
        </Button>
      )}
    </li>
  )
}
