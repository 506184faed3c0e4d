import { Button, Select, Skeleton } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { api, take } from '../../api/client'
import { membersLikeQuery, permissionsQuery } from '../../api/dashboards'
import { queryClient, roleQuery } from '../../api/queries'
import { Trouble } from '../../parts/Trouble'
import classes from './Share.module.css'

interface Props {
  dashboard: { id: string; organization_id: string; creator_id: string }
  /** Who was given it themselves does not share it on. */
  mayShare: boolean
}

/** Members of the organization who may change the dashboard. All others may look at it anyway. */
export function People({ dashboard, mayShare }: Props) {
  const query = permissionsQuery(dashboard.id)
  const { data: given, error, refetch } = useQuery(query)
  const changing = given?.filter(({ permission }) => permission === 'admin')
  return (
    <div className="stack">
      <div>
        All members of the organization may look at it. It is changed by who made it, by admins of the
        organization, and by those whom you add here.
      </div>
      {mayShare ? (
        <AddPerson dashboard={dashboard} given={changing?.map(({ user_id }) => user_id) ?? []} />
      ) : (
        <div className="dim">Who made it, or an admin of the organization, can add people.</div>
      )}
      {error && !given && <Trouble error={error} again={() => refetch()} />}
      {!given && !error && <Skeleton height={64} />}
      {changing?.length === 0 && <div className="dim">Nobody has been added.</div>}
      {changing && changing.length > 0 && (
        <ul className={classes['list']} aria-label="People who may change it">
          {changing.map(({ user_id }) => (
            <Person key={user_id} dashboard={dashboard} user={user_id} mayShare={mayShare} />
          ))}
        </ul>
      )}
    </div>
  )
}

function forget(dashboard: string): void {
  void queryClient.invalidateQueries({ queryKey: permissionsQuery(dashboard).queryKey })
  void queryClient.invalidateQueries({ queryKey: ['dashboard-permission', dashboard] })
}

function AddPerson({ dashboard, given }: { dashboard: Props['dashboard']; given: string[] }) {
  const [chosen, setChosen] = useState<string | null>(null)
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(chosen ? '' : typed.trim(), 200)
  const members = useQuery(membersLikeQuery(dashboard.organization_id, q)).data
  const add = useMutation({
    mutationFn: (user: string) => {
      const params = { path: { id: dashboard.id, user } }
      const body = { permission: 'admin' as const }
      return take(api.PUT('/api/v1/dashboard-templates/{id}/permissions/{user}', { params, body }))
    },
    onSuccess: () => {
      setChosen(null)
      setTyped('')
      forget(dashboard.id)
    },
  })
  const others = members?.filter(
    ({ user_id, role }) => role !== 'admin' && user_id !== dashboard.creator_id && !given.includes(user_id),
  )
  return (
    <>
      <div className={classes['form']}>
        <Select
          label="Let this member change it"
          placeholder="Type to search"
          data={
            others?.map(({ user_id, email, name }) => ({
              value: user_id,
              label: name ? `${name}, ${email}` : email,
            })) ?? []
          }
          searchable
          searchValue={typed}
          onSearchChange={setTyped}
          value={chosen}
          onChange={setChosen}
          nothingFoundMessage={members ? 'There is no other member who may not change it yet.' : 'Searching'}
          style={{ gridColumn: 'span 2' }}
        />
        <Button disabled={!chosen} loading={add.isPending} onClick={() => chosen && add.mutate(chosen)}>
          Add
        </Button>
      </div>
      {add.error && <Trouble error={add.error} />}
    </>
  )
}

interface PersonProps {
  dashboard: Props['dashboard']
  user: string
  mayShare: boolean
}

function Person({ dashboard, user, mayShare }: PersonProps) {
  const member = useQuery(roleQuery(dashboard.organization_id, user)).data
  const takeAway = useMutation({
    mutationFn: () => {
      const params = { path: { id: dashboard.id, user } }
      return take(api.DELETE('/api/v1/dashboard-templates/{id}/permissions/{user}', { params }))
    },
    onSuccess: () => forget(dashboard.id),
  })
  const name = member?.name || member?.email || 'A member'
  return (
    <li>
      <div className={classes['what']}>
        <strong>{name}</strong>
        <div className="dim">{member?.name && member.email}</div>
        {takeAway.error && <Trouble error={takeAway.error} />}
      </div>
      {mayShare && (
        <Button
          size="xs"
          variant="default"
          onClick={() => takeAway.mutate()}
          loading={takeAway.isPending}
          aria-label={`Take it away from ${name}`}
        >
          Take it away
        </Button>
      )}
    </li>
  )
}
