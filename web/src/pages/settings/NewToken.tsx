import { Button, Checkbox, Select, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, forgetOnceKey, onceKey, type Schemas, take } from '../../api/client'
import { queryClient } from '../../api/queries'
import { tokensQuery } from '../../api/settings'
import { useOrganizations } from '../../organization'
import { wrongFields } from '../../parts/fields'
import { Trouble } from '../../parts/Trouble'
import classes from './Settings.module.css'

type Scope = Schemas['Scope']

const scopes: { value: Scope; label: string; description: string }[] = [
  {
    value: 'read',
    label: 'Read',
    description: 'Everything that you see, audit logs apart. In each of the others.',
  },
  { value: 'write', label: 'Write', description: 'Projects, flows, dashboards and stored readings.' },
  { value: 'devices', label: 'Devices', description: 'Devices and their tokens.' },
  { value: 'admin', label: 'Administer', description: 'Organizations, members and the audit log.' },
]

const DAY_MS = 86_400_000
const lives = [
  { value: '30', label: 'In 30 days' },
  { value: '90', label: 'In 90 days' },
  { value: '365', label: 'In a year' },
  { value: '', label: 'Never' },
]

/** What a new token is for. Its owner's role is its limit either way. */
export function NewToken({ done }: { done: (made: Schemas['CreatedApiToken']) => void }) {
  const organizations = useOrganizations()
  const [name, setName] = useState('')
  const [chosen, setChosen] = useState<Scope[]>(['read'])
  const [only, setOnly] = useState('')
  const [days, setDays] = useState('90')
  // Of when it was opened: sent again after a lost answer it is the same request.
  const [now] = useState(Date.now)
  const make = useMutation({
    mutationFn: () => {
      const body = {
        name: name.trim(),
        scopes: chosen,
        ...(only ? { organization_id: only } : {}),
        ...(days ? { expires_at: new Date(now + Number(days) * DAY_MS).toISOString() } : {}),
      }
      return take(
        api.POST('/api/v1/me/api-tokens', { body, params: { header: { 'Idempotency-Key': onceKey(body) } } }),
      )
    },
    onSuccess: made => {
      forgetOnceKey()
      void queryClient.invalidateQueries({ queryKey: tokensQuery.queryKey })
      done(made)
    },
  })
  const wrong = wrongFields(make.error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate()
  }
  return (
    <form className={`stack ${classes['form']}`} onSubmit={submit}>
      <TextInput
        label="Name"
        description="What it is for, to know it by later."
        placeholder="nightly report"
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={wrong('name')}
        maxLength={200}
        required
        data-autofocus
      />
      <Checkbox.Group
        label="It may"
        value={chosen}
        onChange={next => setChosen(next as Scope[])}
        error={wrong('scopes') ?? (chosen.length === 0 && 'Choose at least one.')}
      >
        <div className="stack" style={{ gap: 8, marginTop: 8 }}>
          {scopes.map(scope => (
            <Checkbox key={scope.value} {...scope} />
          ))}
        </div>
      </Checkbox.Group>
      <Select
        label="In"
        data={[
          { value: '', label: 'All organizations that I am in' },
          ...organizations.map(({ id, name }) => ({ value: id, label: `Only ${name}` })),
        ]}
        value={only}
        onChange={next => setOnly(next ?? '')}
        error={wrong('organization_id')}
        allowDeselect={false}
      />
      <Select
        label="It expires"
        data={lives}
        value={days}
        onChange={next => setDays(next ?? '')}
        error={wrong('expires_at')}
        allowDeselect={false}
      />
      {make.error && <Trouble error={make.error} />}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button type="submit" loading={make.isPending} disabled={chosen.length === 0}>
          Make the token
        </Button>
      </div>
    </form>
  )
}
