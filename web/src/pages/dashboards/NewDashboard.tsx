import { Button, SegmentedControl, TextInput } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { type FormEvent, useState } from 'react'
import { Trouble } from '../../parts/Trouble'
import { create } from './actions'
import { FromDevice } from './FromDevice'
import { FromFile } from './FromFile'
import { type Board, emptyBoard } from './model/board'

type Way = 'empty' | 'device' | 'file'

/** Makes a dashboard: with nothing on it, of what a device sends, or of a file. */
export function NewDashboard({ organization }: { organization: string }) {
  const navigate = useNavigate()
  const [way, setWay] = useState<Way>('empty')
  const make = useMutation({
    mutationFn: (board: Board) => create(organization, board),
    onSuccess: (id, board) =>
      board.items.length === 0
        ? navigate({ to: '/dashboards/$id/edit', params: { id } })
        : navigate({ to: '/dashboards/$id', params: { id } }),
  })
  const choose = (next: string) => {
    setWay(next as Way)
    make.reset()
  }
  return (
    <div className="stack">
      <SegmentedControl
        aria-label="How to begin"
        value={way}
        onChange={choose}
        data={[
          { value: 'empty', label: 'Empty' },
          { value: 'device', label: 'From a device' },
          { value: 'file', label: 'From a file' },
        ]}
      />
      {way === 'empty' && <Empty busy={make.isPending} make={make.mutate} />}
      {way === 'device' && (
        <FromDevice organization={organization} busy={make.isPending} make={make.mutate} />
      )}
      {way === 'file' && <FromFile organization={organization} busy={make.isPending} make={make.mutate} />}
      {make.error && <Trouble error={make.error} />}
    </div>
  )
}

function Empty({ busy, make }: { busy: boolean; make: (board: Board) => void }) {
  const [name, setName] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim()) make(emptyBoard(name.trim()))
  }
  return (
    <form className="stack" onSubmit={submit}>
      <TextInput
        label="Name"
        placeholder="Boiler house"
        value={name}
        onChange={event => setName(event.currentTarget.value)}
        maxLength={200}
        required
        data-autofocus
      />
      <div className="row">
        <Button type="submit" loading={busy}>
          Make it
        </Button>
      </div>
    </form>
  )
}
