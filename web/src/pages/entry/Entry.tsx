import { Anchor, Button, PasswordInput, Skeleton, TextInput } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { api, take } from '../../api/client'
import { Problem } from '../../api/problem'
import { entryQuery } from '../../api/queries'
import { Trouble } from '../../parts/Trouble'
import { begin } from '../../session'
import classes from './Entry.module.css'

/** Coming in: the first account of a new server, a login, or another account. */
export function Entry() {
  const entry = useQuery(entryQuery)
  const [wants, setWants] = useState<'login' | 'account'>()
  if (entry.error)
    return <Frame title="EdgeSync">{<Trouble error={entry.error} again={() => entry.refetch()} />}</Frame>
  if (!entry.data) {
    return (
      <Frame title="EdgeSync">
        <Skeleton height={200} />
      </Frame>
    )
  }
  const { has_users, needs_setup_token, takes_signups } = entry.data
  if (!has_users) {
    return (
      <Frame title="Set up EdgeSync">
        <p className="dim">This server has no account yet. The first one owns the first organization.</p>
        <Form makes needsSetupToken={needs_setup_token} />
      </Frame>
    )
  }
  const makes = wants === 'account'
  return (
    <Frame title={makes ? 'Make an account' : 'Log in'}>
      <Form key={wants ?? 'login'} makes={makes} needsSetupToken={false} />
      {takes_signups ? (
        <Anchor component="button" type="button" onClick={() => setWants(makes ? 'login' : 'account')}>
          {makes ? 'I have an account: log in' : 'Make an account'}
        </Anchor>
      ) : (
        <span className="dim">Accounts of this server are made by its operator.</span>
      )}
    </Frame>
  )
}

function Frame({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <main className={classes['frame']}>
      <title>{title === 'EdgeSync' ? title : `${title} · EdgeSync`}</title>
      <div className={`panel stack ${classes['card']}`}>
        <h1>{title}</h1>
        {children}
      </div>
    </main>
  )
}

function Form({ makes, needsSetupToken }: { makes: boolean; needsSetupToken: boolean }) {
  const router = useRouter()
  const { next } = getRouteApi('/login').useSearch()
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const [token, setToken] = useState('')
  const enter = useMutation({
    mutationFn: async () => {
      if (makes) {
        const setup = needsSetupToken ? { setup_token: token.trim() } : {}
        await take(api.POST('/api/v1/auth/signup', { body: { email, password, ...setup } }))
      } else {
        await take(api.POST('/api/v1/auth/login', { body: { email, password } }))
      }
      await begin()
    },
    onSuccess: () => router.navigate({ to: next ?? '/' }),
  })
  const problem = enter.error instanceof Problem ? enter.error : undefined
  const wrong = (field: string) => {
    const message = problem?.fields.get(field)
    return message && `It ${message}.`
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    enter.mutate()
  }
  return (
    <form className="stack" onSubmit={submit}>
      {needsSetupToken && (
        <TextInput
          label="Setup token"
          description={
            'The server printed it on the terminal when it started, behind "edgesync setup token:".'
          }
          placeholder="est_…"
          value={token}
          onChange={event => setToken(event.currentTarget.value)}
          error={wrong('setup_token')}
          autoComplete="off"
          spellCheck={false}
          required
        />
      )}
      <TextInput
        label="E-mail address"
        type="email"
        value={email}
        onChange={event => setEmail(event.currentTarget.value)}
        error={wrong('email')}
        autoComplete="username"
        autoFocus
        required
      />
      <PasswordInput
        label="Password"
        {...(makes ? { description: 'At least 8 characters.' } : {})}
        value={password}
        onChange={event => setPassword(event.currentTarget.value)}
        error={wrong('password')}
        autoComplete={makes ? 'new-password' : 'current-password'}
        required
      />
      {enter.error && <Trouble error={enter.error} />}
      <Button type="submit" loading={enter.isPending}>
        {makes ? 'Make the account' : 'Log in'}
      </Button>
    </form>
  )
}
