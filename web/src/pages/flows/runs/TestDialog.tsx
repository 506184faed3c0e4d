import { Modal } from '@mantine/core'
import { useMemo } from 'react'
import { isDirty, useEditor } from '../../../flow/store'
import { TestRun } from './TestRun'

/** A test of what is drawn in the editor, saved or not. */
export function TestDialog({ onClose }: { onClose: () => void }) {
  const flow = useEditor(state => state.saved?.flow)
  const draft = useEditor(state => state.draft)
  const isChanged = useEditor(isDirty)
  const drawing = useMemo(() => ({ nodes: draft.nodes, edges: draft.edges }), [draft])
  if (!flow) return null
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Test ${flow.name} over recorded readings`}
      size="xl"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <TestRun flow={flow} {...(isChanged ? { drawing } : {})} />
    </Modal>
  )
}
