import { Button, Select, Skeleton, TextInput } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import {
  type AuditAction,
  type AuditEntry,
  type AuditFilter,
  auditQuery,
  memberChoiceQuery,
} from '../../api/settings'
import { Trouble } from '../../parts/Trouble'
import { at } from '../../parts/time'
import { fromField, ownZone, toField } from '../../parts/zone'
import { ACTIONS, actionsOf, detailsOf, isAction } from './audit'
import { inOrganization } from './InOrganization'
import classes from './Settings.module.css'

const organizationLog = getRouteApi('/inside/settings/audit')
const ownLog = getRouteApi('/inside/settings/log')

/** What was changed in the organization, and by whom. */
export const Audit = inOrganization(({ organization, isAdmin }) => {
  const search = organizationLog.useSearch()
  const navigate = organizationLog.useNavigate()
  return (
    <>
      <title>Audit log · EdgeSync</title>
      <h2 style={{ margin: 0 }}>Audit log</h2>
      {isAdmin ? (
        <Log
          organization={organization.id}
          filter={known(search)}
          change={next => navigate({ search: next, replace: true, resetScroll: false })}
        />
      ) : (
        <div className="panel">
          Only admins of the organization read what others changed. What you changed in your account is under
          “What I changed”.
        </div>
      )}
    </>
  )
})

/** What was changed in the own account. */
export function OwnLog() {
  const search = ownLog.useSearch()
  const navigate = ownLog.useNavigate()
  return (
    <>
      <title>What I changed · EdgeSync</title>
      <h2 style={{ margin: 0 }}>What I changed</h2>
      <div className="dim">In your account, and outside of any organization.</div>
      <Log
        organization={undefined}
        filter={known(search)}
        change={next => navigate({ search: next, replace: true, resetScroll: false })}
      />
    </>
  )
}

/** Without a kind of change that there is not. */
const known = ({ action, ...rest }: AuditFilter): AuditFilter =>
  isAction(action) ? { action, ...rest } : rest

interface Props {
  organization: string | undefined
  filter: AuditFilter
  change: (next: AuditFilter) => void
}

function Log({ organization, filter, change }: Props) {
  const list = useInfiniteQuery(auditQuery(organization, filter))
  const entries = list.data?.pages.flatMap(({ items }) => items)
  const isNarrow = Object.values(filter).some(Boolean)
  return (
    <>
      <Filters organization={organization} filter={filter} change={change} />
      {list.error && <Trouble error={list.error} again={() => list.refetch()} />}
      {!entries && !list.error && <Skeleton height={240} />}
      {entries?.length === 0 && (
        <div className="panel row spread">
          {isNarrow ? 'Nothing like this was changed.' : 'Nothing was changed yet.'}
          {isNarrow && (
            <Button variant="default" size="xs" onClick={() => change({})}>
              Show everything
            </Button>
          )}
        </div>
      )}
      {entries && entries.length > 0 && (
        <ul
          className={`panel ${classes['list']} ${classes['entries']}`}
          style={{ padding: 0 }}
          aria-label="What was changed"
        >
          {entries.map(entry => (
            <Entry key={entry.id} entry={entry} change={change} filter={filter} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <div className="row">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show earlier
          </Button>
        </div>
      )}
    </>
  )
}

function Entry({ entry, filter, change }: { entry: AuditEntry } & Pick<Props, 'filter' | 'change'>) {
  return (
    <li>
      <time dateTime={entry.at}>{at(Date.parse(entry.at))}</time>
      <span>{ACTIONS[entry.action] ?? entry.action}</span>
      <span>
        {detailsOf(entry)}{' '}
        <span className="dim">
          by {entry.actor_email ?? (entry.actor_id ? 'somebody who is gone' : 'the operator')}
        </span>{' '}
        {filter.target !== entry.target_id && (
          <Button
            variant="subtle"
            size="compact-xs"
            onClick={() => change({ ...filter, target: entry.target_id })}
          >
            Only this {entry.target_kind.replace('_', ' ')}
          </Button>
        )}
      </span>
    </li>
  )
}

function Filters({ organization, filter, change }: Props) {
  const members = useQuery({ ...memberChoiceQuery(organization ?? ''), enabled: organization !== undefined })
  const zone = ownZone()
  const set = (next: AuditFilter) => {
    const all = { ...filter, ...next }
    change(Object.fromEntries(Object.entries(all).filter(([, value]) => value)))
  }
  const day = (key: 'from' | 'to', label: string) => (
    <TextInput
      type="datetime-local"
      label={label}
      value={filter[key] ? toField(Date.parse(filter[key]), zone).slice(0, 16) : ''}
      onChange={event => {
        const time = fromField(event.currentTarget.value, zone)
        set({ [key]: time === undefined ? undefined : new Date(time).toISOString() })
      }}
    />
  )
  const actions = actionsOf(organization !== undefined)
  return (
    <div className={classes['filters']}>
      <Select
        label="What"
        data={[
          { value: '', label: 'Everything' },
          ...actions.map(value => ({ value: value as string, label: ACTIONS[value] })),
        ]}
        value={filter.action ?? ''}
        onChange={action => set({ action: (action || undefined) as AuditAction | undefined })}
        allowDeselect={false}
        searchable
      />
      {organization !== undefined && (
        <Select
          label="By"
          data={[
            { value: '', label: 'Anybody' },
            ...(members.data ?? []).map(({ user_id, name, email }) => ({
              value: user_id,
              label: `${name} (${email})`,
            })),
          ]}
          value={filter.actor ?? ''}
          onChange={actor => set({ actor: actor || undefined })}
          allowDeselect={false}
          searchable
        />
      )}
      {day('from', 'From')}
      {day('to', 'Before')}
      {filter.target && (
        <Button variant="default" onClick={() => set({ target: undefined })}>
          Changes to all things
        </Button>
      )}
    </div>
  )
}
