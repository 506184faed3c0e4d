import { Button } from '@mantine/core'
import { useState } from 'react'
import { useEditor } from '../../../flow/store'
import { later } from '../later'

const TestDialog = later(async () => (await import('./TestDialog')).TestDialog)

/** Runs what is drawn over recorded readings, before anything of it is deployed. */
export function TestButton() {
  const isOpenFlow = useEditor(state => state.saved !== undefined)
  const mayEdit = useEditor(state => state.mayEdit)
  const [open, setOpen] = useState(false)
  if (!isOpenFlow) return null
  return (
    <>
      {mayEdit && (
        <Button size="xs" variant="default" onClick={() => setOpen(true)}>
          Test
        </Button>
      )}
      {open && <TestDialog onClose={() => setOpen(false)} />}
    </>
  )
}
