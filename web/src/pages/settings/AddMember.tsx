import { Button, Select, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, forgetOnceKey, onceKey, type Schemas, take } from '../../api/client'
import { Problem } from '../../api/problem'
import { queryClient } from '../../api/queries'
import { wrongFields } from '../../parts/fields'
import { Trouble } from '../../parts/Trouble'
import { ROLES } from './MemberRow'
import classes from './Settings.module.css'

type Role = Schemas['MemberRole']

/** Adds somebody who has an account. */
export function AddMember({ organization }: { organization: string }) {
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<Role>('user')
  const add = useMutation({
    mutationFn: () => {
      const body = { email: email.trim(), role }
      const params = { path: { id: organization }, header: { 'Idempotency-Key': onceKey(body) } }
      return take(api.POST('/api/v1/organizations/{id}/members', { params, body }))
    },
    onSuccess: () => {
      forgetOnceKey()
      setEmail('')
      void queryClient.invalidateQueries({ queryKey: ['members', organization] })
    },
  })
  const isUnknown = add.error instanceof Problem && add.error.status === 404
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate()
  }
  return (
    <form className="panel stack" onSubmit={submit}>
      <h2 style={{ margin: 0 }}>Add a member</h2>
      <div className={classes['add']}>
        <TextInput
          label="E-mail address"
          description="Of an account on this server."
          type="email"
          value={email}
          onChange={event => setEmail(event.currentTarget.value)}
          error={isUnknown ? 'Nobody has an account with this address.' : wrongFields(add.error)('email')}
          maxLength={254}
          autoComplete="off"
          required
        />
        <Select
          label="As"
          data={ROLES}
          value={role}
          onChange={next => setRole(next as Role)}
          allowDeselect={false}
        />
        <Button type="submit" loading={add.isPending}>
          Add
        </Button>
      </div>
      <div className="dim">
        A user reads everything but the audit log, and changes own flows and dashboards. An admin changes
        everything, devices, projects and members too.
      </div>
      {isUnknown && (
        <div role="alert">
          Ask them to make an account at {location.origin} first, or ask the operator of the server to make
          one for them. Then add them here.
        </div>
      )}
      {add.error && !isUnknown && <Trouble error={add.error} />}
      <span role="status" className="hidden">
        {add.isSuccess && `${add.data.email} was added.`}
      </span>
    </form>
  )
}
