import { Button, PasswordInput, TextInput } from '@mantine/core'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, type Schemas, take } from '../../api/client'
import { meQuery, queryClient } from '../../api/queries'
import { wrongFields } from '../../parts/fields'
import { Trouble } from '../../parts/Trouble'
import classes from './Settings.module.css'

/** The own account: how one is called, and the password. */
export function Profile() {
  const me = useSuspenseQuery(meQuery).data
  if (!me) return null
  return (
    <>
      <title>Profile · EdgeSync</title>
      <Name me={me} />
      <Password />
    </>
  )
}

function Name({ me }: { me: Schemas['User'] }) {
  const [name, setName] = useState(me.name)
  const save = useMutation({
    mutationFn: () => take(api.PATCH('/api/v1/me', { body: { name: name.trim() } })),
    onSuccess: user => {
      queryClient.setQueryData(meQuery.queryKey, user)
      setName(user.name)
      void queryClient.invalidateQueries({ queryKey: ['members'] })
    },
  })
  const { subscription_type, device_limit } = me.profile
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form className={`panel stack ${classes['form']}`} onSubmit={submit}>
      <h2>Profile</h2>
      <TextInput
        label="E-mail address"
        description="You log in with it. Only the operator of this server can give you another one."
        value={me.email}
        readOnly
      />
      <TextInput
        label="Name"
        description="How others in your organizations see you."
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={wrongFields(save.error)('name')}
        maxLength={200}
        required
      />
      <div className="dim">
        Your plan is {subscription_type}: you may add {device_limit.toLocaleString()} devices, in all
        organizations together.
      </div>
      {save.error && <Trouble error={save.error} />}
      <div className="row">
        <Button type="submit" loading={save.isPending} disabled={name.trim() === me.name}>
          Save
        </Button>
        <span role="status">{save.isSuccess && name === me.name && 'Saved.'}</span>
      </div>
    </form>
  )
}

function Password() {
  const [before, setBefore] = useState('')
  const [next, setNext] = useState('')
  const save = useMutation({
    mutationFn: () => take(api.PATCH('/api/v1/me', { body: { password: next, current_password: before } })),
    onSuccess: () => {
      setBefore('')
      setNext('')
      void queryClient.invalidateQueries({ queryKey: ['sessions'] })
    },
  })
  const wrong = wrongFields(save.error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate()
  }
  return (
    <form className={`panel stack ${classes['form']}`} onSubmit={submit}>
      <h2>Password</h2>
      <div>A new one ends your sessions in other browsers. API tokens stay as they are.</div>
      <PasswordInput
        label="Present password"
        value={before}
        onChange={event => setBefore(event.currentTarget.value)}
        error={wrong('current_password')}
        autoComplete="current-password"
        required
      />
      <PasswordInput
        label="New password"
        description="At least 8 characters."
        value={next}
        onChange={event => setNext(event.currentTarget.value)}
        error={wrong('password')}
        autoComplete="new-password"
        required
      />
      {save.error && <Trouble error={save.error} />}
      <div className="row">
        <Button type="submit" loading={save.isPending}>
          Set the new password
        </Button>
        <span role="status">{save.isSuccess && !next && 'It is set.'}</span>
      </div>
    </form>
  )
}
