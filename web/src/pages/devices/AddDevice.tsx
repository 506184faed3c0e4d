import { Button, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, forgetOnceKey, onceKey, take } from '../../api/client'
import { Problem } from '../../api/problem'
import { queryClient } from '../../api/queries'
import { Trouble } from '../../parts/Trouble'
import { Connect } from './Connect'

/** Makes a device, then shows its token and how to connect it. `done` is called when it is made. */
export function AddDevice({ organization, done }: { organization: string; done?: () => void }) {
  const [name, setName] = useState('')
  const [kind, setKind] = useState('')
  const add = useMutation({
    mutationFn: async () => {
      const body = {
        organization_id: organization,
        name: name.trim(),
        ...(kind ? { device_type: kind } : {}),
      }
      const header = { 'Idempotency-Key': onceKey(body) }
      return take(api.POST('/api/v1/devices', { body, params: { header } }))
    },
    onSuccess: () => {
      forgetOnceKey()
      void queryClient.resetQueries({ queryKey: ['devices'] })
      void queryClient.invalidateQueries({ queryKey: ['fleet'] })
      done?.()
    },
  })
  if (add.data) return <Connect device={add.data.device} token={add.data.token} />
  const fields = add.error instanceof Problem ? add.error.fields : new Map<string, string>()
  const wrong = (field: string) => fields.has(field) && `It ${fields.get(field)}.`
  const submit = (event: FormEvent) => {
    event.preventDefault()
    add.mutate()
  }
  return (
    <form className="stack" onSubmit={submit}>
      <TextInput
        label="Name"
        description="Unique within the organization."
        placeholder="boiler"
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={wrong('name')}
        maxLength={200}
        required
        data-autofocus
      />
      <TextInput
        label="Kind"
        description="What kind of thing it is, in your words. May be left empty."
        placeholder="ESP32"
        value={kind}
        onChange={event => setKind(event.currentTarget.value)}
        error={wrong('device_type')}
        maxLength={100}
      />
      {add.error && <Trouble error={add.error} />}
      <div className="row">
        <Button type="submit" loading={add.isPending}>
          Add the device
        </Button>
      </div>
    </form>
  )
}
