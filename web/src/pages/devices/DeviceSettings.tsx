import { Button, Select, Textarea, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { api, type Schemas, take } from '../../api/client'
import { type Device, deviceQuery, queryClient } from '../../api/queries'
import { Confirm } from '../../parts/Confirm'
import { wrongFields } from '../../parts/fields'
import { Trouble } from '../../parts/Trouble'
import { InProjects } from './InProjects'

/** What it is called, which projects it is in, whether it may connect, and its end. For admins. */
export function DeviceSettings({ device }: { device: Device }) {
  return (
    <div className="stack" style={{ maxWidth: 720 }}>
      <Described device={device} />
      <InProjects device={device} />
      <OutOfUse device={device} />
    </div>
  )
}

function useChange(device: Device) {
  return useMutation({
    mutationFn: (body: Schemas['DevicePatch']) =>
      take(api.PATCH('/api/v1/devices/{id}', { params: { path: { id: device.id } }, body })),
    onSuccess: saved => {
      queryClient.setQueryData(deviceQuery(device.id).queryKey, saved)
      void queryClient.invalidateQueries({ queryKey: ['devices', device.organization_id] })
      void queryClient.invalidateQueries({ queryKey: ['fleet'] })
    },
  })
}

function Described({ device }: { device: Device }) {
  const [name, setName] = useState(device.name)
  const [kind, setKind] = useState(device.device_type)
  const [description, setDescription] = useState(device.description)
  const save = useChange(device)
  const wrong = wrongFields(save.error)
  const isSame =
    name.trim() === device.name && kind.trim() === device.device_type && description === device.description
  const submit = (event: FormEvent) => {
    event.preventDefault()
    save.mutate({ name: name.trim(), device_type: kind.trim(), description })
  }
  return (
    <form className="panel stack" onSubmit={submit}>
      <h2 style={{ margin: 0 }}>What it is</h2>
      <TextInput
        label="Name"
        description="Unique within the organization."
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        error={wrong('name')}
        maxLength={200}
        required
      />
      <TextInput
        label="Kind"
        description="What kind of thing it is, in your words."
        value={kind}
        onChange={event => setKind(event.currentTarget.value)}
        error={wrong('device_type')}
        maxLength={64}
      />
      <Textarea
        label="Description"
        value={description}
        onChange={event => setDescription(event.currentTarget.value)}
        error={wrong('description')}
        maxLength={10_000}
        autosize
        minRows={2}
        maxRows={8}
      />
      {save.error && <Trouble error={save.error} />}
      <div className="row">
        <Button type="submit" loading={save.isPending} disabled={isSame}>
          Save
        </Button>
        <span role="status">{save.isSuccess && isSame && 'Saved.'}</span>
      </div>
    </form>
  )
}

const MARKS = [
  { value: '', label: 'As its connection says' },
  { value: 'error', label: 'Broken' },
]

function OutOfUse({ device }: { device: Device }) {
  const navigate = useNavigate()
  const [ends, setEnds] = useState(false)
  const change = useChange(device)
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/devices/{id}', { params: { path: { id: device.id } } })),
    onSuccess: async () => {
      await navigate({ to: '/devices' })
      queryClient.removeQueries({ queryKey: deviceQuery(device.id).queryKey })
      void queryClient.resetQueries({ queryKey: ['devices'] })
      void queryClient.invalidateQueries({ queryKey: ['fleet'] })
    },
  })
  return (
    <section className="panel stack">
      <h2 style={{ margin: 0 }}>Take it out of use</h2>
      <Select
        label="How it is"
        description="Marked as broken, it is shown so whatever its connection does, until you say otherwise."
        data={MARKS}
        value={device.status === 'error' ? 'error' : ''}
        // What it is then, its next connection says.
        onChange={mark => change.mutate({ status: mark === 'error' ? 'error' : 'offline' })}
        disabled={change.isPending}
        allowDeselect={false}
        style={{ maxWidth: 480 }}
      />
      <div>
        {device.is_active
          ? 'A device that is switched off is refused until it is switched on again. It keeps its readings and its place in flows.'
          : 'It is switched off: it is refused when it connects.'}
      </div>
      <div className="row">
        <Button
          variant="default"
          onClick={() => change.mutate({ is_active: !device.is_active })}
          loading={change.isPending}
        >
          {device.is_active ? 'Switch it off' : 'Switch it on'}
        </Button>
        <Button variant="outline" color="red" onClick={() => setEnds(true)}>
          Delete it
        </Button>
      </div>
      {change.error && <Trouble error={change.error} />}
      <Confirm
        opened={ends}
        close={() => setEnds(false)}
        title={`Delete ${device.name}?`}
        verb="Delete it"
        keep="Keep it"
        error={remove.error}
        pending={remove.isPending}
        onConfirm={() => remove.mutate()}
      >
        Its token ends, and nobody can look at its readings any more. If you only want it to stop, switch it
        off instead.
      </Confirm>
    </section>
  )
}
