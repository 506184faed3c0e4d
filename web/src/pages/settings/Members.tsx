import { Button, Skeleton, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { membersQuery } from '../../api/settings'
import { SearchIcon } from '../../parts/icons'
import { Trouble } from '../../parts/Trouble'
import { AddMember } from './AddMember'
import { inOrganization } from './InOrganization'
import { MemberRow } from './MemberRow'
import classes from './Settings.module.css'

/** Who belongs to the organization. */
export const Members = inOrganization(rights => {
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed.trim(), 200)
  const list = useInfiniteQuery(membersQuery(rights.organization.id, q))
  const members = list.data?.pages.flatMap(({ items }) => items)
  return (
    <>
      <title>Members · EdgeSync</title>
      {rights.isAdmin ? (
        <AddMember organization={rights.organization.id} />
      ) : (
        <div className="dim">Only admins add, change and remove members. Ask one of those in the list.</div>
      )}
      <div className="row spread">
        <h2 style={{ margin: 0 }}>Members</h2>
        <TextInput
          aria-label="Search members"
          placeholder="Name or e-mail address"
          leftSection={<SearchIcon />}
          type="search"
          value={typed}
          maxLength={200}
          onChange={event => setTyped(event.currentTarget.value)}
          style={{ flex: '0 1 280px' }}
        />
      </div>
      {list.error && <Trouble error={list.error} again={() => list.refetch()} />}
      {!members && !list.error && <Skeleton height={160} />}
      {members?.length === 0 && <div className="panel">Nobody is called so.</div>}
      {members && members.length > 0 && (
        <ul className={`panel ${classes['list']}`} style={{ padding: 0 }} aria-label="Members">
          {members.map(member => (
            <MemberRow key={member.user_id} member={member} rights={rights} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <div className="row">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </>
  )
})
