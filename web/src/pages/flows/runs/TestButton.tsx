import { Button, Modal, Skeleton } from '@mantine/core'
import { lazy, Suspense, useMemo, useState } from 'react'
import { isDirty, useEditor } from '../../../flow/store'

const TestRun = lazy(async () => ({ default: (await import('./TestRun')).TestRun }))

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
        <Suspense fallback={<Skeleton height={96} />}>
          <TestRun flow={flow} {...(isChanged ? { drawing } : {})} />
        </Suspense>
      </Modal>
    </>
  )
}
