import { Button, FileButton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Problem } from '../../api/problem'
import { Trouble } from '../../parts/Trouble'
import { missingQuery } from './imports'
import type { Board } from './model/board'
import { NotADashboard, readFile } from './model/file'
import { type Replacements, replaced } from './model/replace'
import { Replace } from './Replace'

interface Props {
  organization: string
  busy: boolean
  make: (board: Board) => void
}

/** More is no dashboard. */
const MOST_BYTES = 4 * 1024 * 1024

/** Makes a dashboard of a file that was exported, here or elsewhere. */
export function FromFile({ organization, busy, make }: Props) {
  const read = useMutation({
    mutationFn: async (file: File) => {
      if (file.size > MOST_BYTES) throw wrong('It has more than 4 MiB.')
      try {
        return readFile(await file.text())
      } catch (error) {
        throw error instanceof NotADashboard ? wrong(error.message) : error
      }
    },
  })
  return (
    <div className="stack">
      <div className="row">
        <FileButton accept="application/json,.json" onChange={file => file && read.mutate(file)}>
          {props => (
            <Button {...props} variant="default" loading={read.isPending}>
              Choose a file
            </Button>
          )}
        </FileButton>
        <span className="dim">One that “Export as a file” made, here or on another server.</span>
      </div>
      {read.error && <Trouble error={read.error} />}
      {read.data && (
        <Found key={read.submittedAt} organization={organization} file={read.data} busy={busy} make={make} />
      )}
    </div>
  )
}

function wrong(why: string): Problem {
  return new Problem(0, 'not_a_dashboard', `this file cannot be used. ${why}`)
}

type FoundProps = Props & { file: ReturnType<typeof readFile> }

/** What the file has, and what is to take the place of devices and flows that are not here. */
function Found({ organization, file, busy, make }: FoundProps) {
  const { board, names } = file
  const [chosen, setChosen] = useState<Replacements>(new Map())
  const { data: missing, error, refetch } = useQuery(missingQuery(organization, board, names))
  if (error && !missing) return <Trouble error={error} again={() => refetch()} />
  const found = new Map(
    missing?.flatMap(({ id, suggested }) => (suggested ? [[id, suggested] as const] : [])),
  )
  const count = board.items.length
  return (
    <>
      <div role="status">
        “{board.name}” with {count === 1 ? 'one widget' : `${count} widgets`}.
      </div>
      {missing && missing.length > 0 && (
        <Replace organization={organization} missing={missing} chosen={chosen} onChoose={setChosen} />
      )}
      <div className="row">
        <Button
          loading={busy}
          disabled={!missing}
          onClick={() => make(replaced(board, new Map([...found, ...chosen]), missing ?? []))}
        >
          Import it
        </Button>
      </div>
    </>
  )
}
