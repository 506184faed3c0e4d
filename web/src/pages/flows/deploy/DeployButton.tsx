import { Button } from '@mantine/core'
import { useState } from 'react'
import type { FlowProblem, Tagged } from '../../../api/flows'
import { editor, useEditor } from '../../../flow/store'
import { saveAndSay } from '../editor/save'
import { showProblem } from '../editor/show'
import { later } from '../later'

const Deploy = later(async () => (await import('./Deploy')).Deploy)

/** Saves what is drawn, and asks whether to deploy it. */
export function DeployButton() {
  const id = useEditor(state => state.saved?.flow.id)
  const mayEdit = useEditor(state => state.mayEdit)
  const [open, setOpen] = useState(false)
  const [saves, setSaves] = useState(false)
  if (id === undefined) return null
  const begin = async () => {
    setSaves(true)
    const isSaved = await saveAndSay()
    setSaves(false)
    if (isSaved) setOpen(true)
  }
  const pick = (problem: FlowProblem) => {
    setOpen(false)
    showProblem(problem)
  }
  return (
    <>
      {mayEdit && (
        <Button size="xs" onClick={begin} loading={saves}>
          Deploy
        </Button>
      )}
      {open && <Deploy id={id} onClose={() => setOpen(false)} pick={pick} deployed={adopt} />}
    </>
  )
}

/** The flow that is open runs now: the draft is as it was. */
function adopt({ flow, etag }: Tagged): void {
  const { saved } = editor.getState()
  if (saved?.flow.id === flow.id && saved.flow.version === flow.version) {
    editor.getState().adopt({ ...saved, flow, etag })
  }
}
