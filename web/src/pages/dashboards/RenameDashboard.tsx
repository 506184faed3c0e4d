import { Button, Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { Trouble } from '../../parts/Trouble'
import { rename } from './actions'

interface Props {
  dashboard: { id: string; name: string; description: string }
  done: () => void
}

export function RenameDashboard({ dashboard, done }: Props) {
  const [name, setName] = useState(dashboard.name)
  const [description, setDescription] = useState(dashboard.description)
  const change = useMutation({
    mutationFn: () => rename(dashboard.id, name.trim(), description.trim()),
    onSuccess: done,
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate()
  }
  return (
    <form className="stack" onSubmit={submit}>
      <TextInput
        label="Name"
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        maxLength={200}
        required
        data-autofocus
      />
      <Textarea
        label="Description"
        description="What it is for. May be left empty."
        value={description}
        onChange={event => setDescription(event.currentTarget.value)}
        maxLength={10_000}
        autosize
        minRows={2}
        maxRows={6}
      />
      {change.error && <Trouble error={change.error} />}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={done}>
          Leave it
        </Button>
        <Button type="submit" loading={change.isPending}>
          Save
        </Button>
      </div>
    </form>
  )
}
