import { Button, Modal, Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api, forgetOnceKey, onceKey, take } from '../api/client'
import { organizationsQuery, queryClient } from '../api/queries'
import { wrongFields } from '../parts/fields'
import { Trouble } from '../parts/Trouble'

/** Makes an organization, which is the own. */
export function NewOrganization({ close, done }: { close: () => void; done: (id: string) => void }) {
  const [name, setName] = useState('')
  const [description, setDescription] = useState('')
  const make = useMutation({
    mutationFn: () => {
      const body = { name: name.trim(), ...(description.trim() ? { description: description.trim() } : {}) }
      return take(
        api.POST('/api/v1/organizations', { body, params: { header: { 'Idempotency-Key': onceKey(body) } } }),
      )
    },
    onSuccess: made => {
      forgetOnceKey()
      queryClient.setQueryData(organizationsQuery.queryKey, all => [...(all ?? []), made])
      done(made.id)
    },
  })
  const wrong = wrongFields(make.error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate()
  }
  return (
    <Modal opened onClose={close} title="New organization" closeButtonProps={{ 'aria-label': 'Close' }}>
      <form className="stack" onSubmit={submit}>
        <div>
          It has devices, flows, dashboards and members of its own, which others do not see. You own it.
        </div>
        <TextInput
          label="Name"
          value={name}
          onChange={event => setName(event.currentTarget.value)}
          error={wrong('name') ?? wrong('slug')}
          maxLength={200}
          required
          data-autofocus
        />
        <Textarea
          label="Description"
          description="May be left empty."
          value={description}
          onChange={event => setDescription(event.currentTarget.value)}
          error={wrong('description')}
          maxLength={10_000}
          autosize
          minRows={2}
          maxRows={6}
        />
        {make.error && <Trouble error={make.error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button type="submit" loading={make.isPending}>
            Make it
          </Button>
        </div>
      </form>
    </Modal>
  )
}
