import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Trouble } from '../../parts/Trouble'
import { remove } from './actions'

interface Props {
  dashboard: { id: string; name: string }
  keep: () => void
  done: () => void
}

export function DeleteDashboard({ dashboard, keep, done }: Props) {
  const end = useMutation({ mutationFn: () => remove(dashboard.id), onSuccess: done })
  return (
    <div className="stack">
      <div>
        It goes for everybody, with its widgets and its share links. What devices sent and flows stored stays.
        An exported file can bring it back.
      </div>
      {end.error && <Trouble error={end.error} />}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant="default" onClick={keep} data-autofocus>
          Keep it
        </Button>
        <Button color="red" onClick={() => end.mutate()} loading={end.isPending}>
          Delete it
        </Button>
      </div>
    </div>
  )
}
