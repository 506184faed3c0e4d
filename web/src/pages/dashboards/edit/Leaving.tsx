import { Button, Modal } from '@mantine/core'
import { useBlocker } from '@tanstack/react-router'
import type { EditorState } from './useEditor'

/** Who goes away with changes that are not saved is asked; a tab that is closed keeps them. */
export function Leaving({ editor }: { editor: EditorState }) {
  const { isUnsaved, isSaving } = editor
  const blocker = useBlocker({
    shouldBlockFn: () => isUnsaved,
    enableBeforeUnload: () => isUnsaved,
    withResolver: true,
  })
  const isAsked = blocker.status === 'blocked'
  const go = () => blocker.proceed?.()
  return (
    <Modal
      opened={isAsked}
      onClose={() => blocker.reset?.()}
      title="Your changes are not saved"
      closeButtonProps={{ 'aria-label': 'Stay here' }}
    >
      <div className="stack">
        <div>Save them, or keep them in this browser and go on with them when you come back.</div>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button
            variant="outline"
            color="red"
            onClick={() => {
              editor.discard()
              go()
            }}
          >
            Drop them
          </Button>
          <Button variant="default" onClick={go}>
            Keep them for later
          </Button>
          <Button
            data-autofocus
            loading={isSaving}
            onClick={async () => {
              // A refusal or a conflict is to be seen.
              if (await editor.save()) go()
              else blocker.reset?.()
            }}
          >
            Save and go
          </Button>
        </div>
      </div>
    </Modal>
  )
}
