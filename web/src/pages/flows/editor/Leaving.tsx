import { Button, Modal } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import { editor, isDirty } from '../../../flow/store'
import { saveAndSay } from './save'

/** Asks who leaves with something that is not saved. */
export function Leaving() {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && isDirty(editor.getState()),
    enableBeforeUnload: () => isDirty(editor.getState()),
    withResolver: true,
  })
  if (blocker.status !== 'blocked') return null
  const saveAndLeave = async () => ((await saveAndSay()) ? blocker.proceed() : blocker.reset())
  return (
    <Modal
      opened
      onClose={blocker.reset}
      title="Your changes are not saved"
      closeButtonProps={{ 'aria-label': 'Stay' }}
    >
      <div className="stack">
        <div>
          If you leave without saving, this browser keeps them and offers them when you open the flow again.
        </div>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={blocker.reset}>
            Stay
          </Button>
          <Button variant="default" onClick={blocker.proceed}>
            Leave
          </Button>
          <Button onClick={() => void saveAndLeave()}>Save and leave</Button>
        </div>
      </div>
    </Modal>
  )
}
