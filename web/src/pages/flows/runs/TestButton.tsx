import { Button, Modal } from '@mantine/core'
import { useMemo, useState } from 'react'
import { isDirty, useEditor } from '../../../flow/store'
import { TestRun } from './TestRun'

/** Runs what is drawn over recorded readings, before anything of it is deployed. */
export function TestButton() {
  const flow = useEditor(state => state.saved?.flow)
  const mayEdit = useEditor(state => state.mayEdit)
  const draft = useEditor(state => state.draft)
  const isChanged = useEditor(isDirty)
  const [open, setOpen] = useState(false)
  const drawing = useMemo(() => ({ nodes: draft.nodes, edges: draft.edges }), [draft])
  if (!flow || !mayEdit) return null
  return (
    <>
      <Button size="xs" variant="default" onClick={() => setOpen(true)}>
        Test
      </Button>
      <Modal
        opened={open}
        onClose={() => setOpen(false)}
        title={`Test ${flow.name} over recorded readings`}
        size="xl"
        closeOnClickOutside={false}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <TestRun flow={flow} {...(isChanged ? { drawing } : {})} />
      </Modal>
    </>
  )
}
