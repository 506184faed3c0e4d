import { Button, Select } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { api, type Schemas, take } from '../../api/client'
import { organizationsQuery, queryClient } from '../../api/queries'
import type { Member } from '../../api/settings'
import { Age } from '../../parts/Age'
import { Confirm } from '../../parts/Confirm'
import { Trouble } from '../../parts/Trouble'
import type { Rights } from './InOrganization'
import classes from './Settings.module.css'

export const ROLES: { value: Schemas['MemberRole']; label: string }[] = [
  { value: 'user', label: 'User' },
  { value: 'admin', label: 'Admin' },
]

const refresh = (organization: string) => {
  void queryClient.invalidateQueries({ queryKey: ['members', organization] })
  void queryClient.invalidateQueries({ queryKey: ['role', organization] })
}

/** A member, and what those may do with it who may do something. */
export function MemberRow({ member, rights }: { member: Member; rights: Rights }) {
  const { organization, me, isAdmin } = rights
  const path = { id: organization.id, user: member.user_id }
  const isOwner = member.user_id === organization.owner_id
  const isMe = member.user_id === me
  const change = useMutation({
    mutationFn: (role: Schemas['MemberRole']) =>
      take(api.PATCH('/api/v1/organizations/{id}/members/{user}', { params: { path }, body: { role } })),
    onSuccess: () => refresh(organization.id),
  })
  return (
    <li>
      <div className={classes['main']}>
        <div>
          {member.name} {isMe && <span className={classes['tag']}>You</span>}
        </div>
        <div className="dim">
          {member.email} · joined <Age of={member.joined_at} />
        </div>
        {change.error && <Trouble error={change.error} />}
      </div>
      {isOwner ? (
        <span className="dim">Owner: cannot be removed or made a user</span>
      ) : isAdmin ? (
        <Select
          aria-label={`Role of ${member.name}`}
          data={ROLES}
          value={member.role}
          onChange={role => role !== member.role && change.mutate(role as Schemas['MemberRole'])}
          disabled={change.isPending}
          allowDeselect={false}
          w={152}
        />
      ) : (
        <span className="dim">{member.role === 'admin' ? 'Admin' : 'User'}</span>
      )}
      {!isOwner && rights.isOwner && <HandOver member={member} organization={organization} />}
      {!isOwner && isAdmin && !isMe && <Remove member={member} />}
    </li>
  )
}

function Remove({ member }: { member: Member }) {
  const [asks, setAsks] = useState(false)
  const path = { id: member.organization_id, user: member.user_id }
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/organizations/{id}/members/{user}', { params: { path } })),
    onSuccess: () => refresh(member.organization_id),
  })
  return (
    <>
      <Button variant="default" size="xs" onClick={() => setAsks(true)} aria-label={`Remove ${member.name}`}>
        Remove
      </Button>
      <Confirm
        opened={asks}
        close={() => setAsks(false)}
        title={`Remove ${member.name}?`}
        verb="Remove them"
        keep="Keep them"
        error={remove.error}
        pending={remove.isPending}
        onConfirm={() => remove.mutate()}
      >
        They lose sight of the organization at once. Their flows in its projects go to its owner, and what
        else they run on its devices is stopped.
      </Confirm>
    </>
  )
}

function HandOver({ member, organization }: { member: Member; organization: Rights['organization'] }) {
  const [asks, setAsks] = useState(false)
  const give = useMutation({
    mutationFn: () =>
      take(
        api.POST('/api/v1/organizations/{id}/owner', {
          params: { path: { id: organization.id } },
          body: { user_id: member.user_id },
        }),
      ),
    onSuccess: given => {
      setAsks(false)
      queryClient.setQueryData(organizationsQuery.queryKey, all =>
        all?.map(one => (one.id === given.id ? given : one)),
      )
      refresh(organization.id)
    },
  })
  return (
    <>
      <Button
        variant="default"
        size="xs"
        onClick={() => setAsks(true)}
        aria-label={`Make owner: ${member.name}`}
      >
        Make owner
      </Button>
      <Confirm
        opened={asks}
        close={() => setAsks(false)}
        title={`Hand over to ${member.name}?`}
        verb="Hand it over"
        typed={organization.name}
        error={give.error}
        pending={give.isPending}
        onConfirm={() => give.mutate()}
      >
        {organization.name} belongs to {member.name} then. You stay an admin, who can be removed, and only{' '}
        {member.name} can give it back.
      </Confirm>
    </>
  )
}
