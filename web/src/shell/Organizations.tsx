import { Button, Menu, Modal, Textarea, TextInput, UnstyledButton } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { api, forgetOnceKey, onceKey, take } from '../api/client'
import { organizationsQuery, queryClient } from '../api/queries'
import { choose, useOrganization, useOrganizations } from '../organization'
import { wrongFields } from '../parts/fields'
import { CheckIcon, ChoiceIcon, PlusIcon } from '../parts/icons'
import { Trouble } from '../parts/Trouble'
import classes from './Shell.module.css'

/** Which organization the pages are about, the others, and how to make one. */
export function Organizations() {
  const all = useOrganizations()
  const current = useOrganization()
  const navigate = useNavigate()
  const [makes, setMakes] = useState(false)
  const go = (id: string) => {
    choose(id)
    // What the page shows may be of the one that is left.
    void navigate({ to: '/' })
  }
  return (
    <>
      <Menu position="bottom-start" withinPortal>
        <Menu.Target>
          <UnstyledButton
            className={classes['organization']}
            aria-label={`Organization: ${current?.name ?? 'none'}`}
          >
            <span>{current?.name ?? 'No organization'}</span>
            <ChoiceIcon />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Organizations</Menu.Label>
          <div className={classes['choices']}>
            {all.map(({ id, name }) => (
              <Menu.Item
                key={id}
                onClick={() => id !== current?.id && go(id)}
                leftSection={id === current?.id ? <CheckIcon /> : <span style={{ width: 16 }} />}
                aria-current={id === current?.id}
              >
                {name}
              </Menu.Item>
            ))}
          </div>
          <Menu.Divider />
          <Menu.Item leftSection={<PlusIcon />} onClick={() => setMakes(true)}>
            New organization
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={makes}
        onClose={() => setMakes(false)}
        title="New organization"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <NewOrganization
          done={id => {
            setMakes(false)
            go(id)
          }}
        />
      </Modal>
    </>
  )
}

function NewOrganization({ done }: { done: (id: string) => void }) {
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
  )
}
