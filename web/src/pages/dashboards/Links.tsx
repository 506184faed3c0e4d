import { Button, Select, Skeleton, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, forgetOnceKey, onceKey, type Schemas, take } from '../../api/client'
import { shareLinksQuery } from '../../api/dashboards'
import { queryClient } from '../../api/queries'
import { useNow } from '../../live/hooks'
import { Age } from '../../parts/Age'
import { Copy } from '../../parts/Copy'
import { WarnIcon } from '../../parts/icons'
import { Trouble } from '../../parts/Trouble'
import { at } from '../../parts/time'
import classes from './Share.module.css'

const DAY_MS = 86_400_000
const TERMS = [
  { value: '1', label: 'for a day' },
  { value: '7', label: 'for a week' },
  { value: '30', label: 'for 30 days' },
  { value: '365', label: 'for a year' },
]

/** Links that show the dashboard to whoever has them. */
export function Links({ dashboard }: { dashboard: string }) {
  const query = shareLinksQuery(dashboard)
  const { data: links, error, refetch } = useQuery(query)
  return (
    <div className="stack">
      <div>
        Whoever has a link sees this dashboard live, without an account, and can change nothing. What they see
        is what you may see.
      </div>
      <NewLink
        dashboard={dashboard}
        made={() => queryClient.invalidateQueries({ queryKey: query.queryKey })}
      />
      {error && !links && <Trouble error={error} again={() => refetch()} />}
      {!links && !error && <Skeleton height={64} />}
      {links?.length === 0 && <div className="dim">There is no link yet.</div>}
      {links && links.length > 0 && (
        <ul className={classes['list']} aria-label="Links">
          {links.map(link => (
            <Entry key={link.id} link={link} />
          ))}
        </ul>
      )}
    </div>
  )
}

function NewLink({ dashboard, made }: { dashboard: string; made: () => void }) {
  const [name, setName] = useState('')
  const [days, setDays] = useState('30')
  const make = useMutation({
    mutationFn: () => {
      const expires_at = new Date(Date.now() + Number(days) * DAY_MS).toISOString()
      // the same name and term again is the same link: the time of day is not what was asked for
      const header = { 'Idempotency-Key': onceKey({ dashboard, name: name.trim(), days }) }
      const params = { path: { id: dashboard }, header }
      const body = { name: name.trim(), expires_at }
      return take(api.POST('/api/v1/dashboard-templates/{id}/share-links', { params, body }))
    },
    onSuccess: () => {
      setName('')
      made()
    },
    onSettled: forgetOnceKey,
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate()
  }
  return (
    <>
      <form className={classes['form']} onSubmit={submit}>
        <TextInput
          label="New link for"
          placeholder="screen in hall 2"
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          maxLength={200}
          required
        />
        <Select
          label="It holds"
          data={TERMS}
          value={days}
          onChange={value => setDays(value ?? '30')}
          allowDeselect={false}
        />
        <Button type="submit" loading={make.isPending}>
          Make the link
        </Button>
      </form>
      {make.error && <Trouble error={make.error} />}
      {make.data && (
        <div className="stack" style={{ gap: 8 }}>
          <div className="row" style={{ color: 'var(--warn)', flexWrap: 'nowrap' }}>
            <WarnIcon />
            <span>
              Copy it now: it is shown this once. A lost one is ended below and replaced by a new one.
            </span>
          </div>
          <Copy
            text={`${location.origin}/shared#${make.data.token}`}
            label={`link for ${make.data.share_link.name}`}
          />
        </div>
      )}
    </>
  )
}

function Entry({ link }: { link: Schemas['ShareLink'] }) {
  const now = useNow(10_000)
  const ends = Date.parse(link.expires_at)
  const end = useMutation({
    mutationFn: () => {
      const params = { path: { id: link.dashboard_id, link: link.id } }
      return take(api.DELETE('/api/v1/dashboard-templates/{id}/share-links/{link}', { params }))
    },
    onSuccess: () => queryClient.invalidateQueries({ queryKey: shareLinksQuery(link.dashboard_id).queryKey }),
  })
  return (
    <li>
      <div className={classes['what']}>
        <strong>{link.name}</strong>
        <div className="dim">
          <span className="mono">{link.token_prefix}…</span>
          {ends > now ? `, holds until ${at(ends)}` : ', has ended by itself'}, used{' '}
          <Age of={link.last_used_at} />
        </div>
        {end.error && <Trouble error={end.error} />}
      </div>
      <Button
        size="xs"
        variant="outline"
        color="red"
        onClick={() => end.mutate()}
        loading={end.isPending}
        aria-label={`${ends > now ? 'End it' : 'Remove it'}: the link for ${link.name}`}
      >
        {ends > now ? 'End it' : 'Remove it'}
      </Button>
    </li>
  )
}
