import { Modal } from '@mantine/core'
import { AddDevice } from './AddDevice'

/** A device more. A click beside it does not close it: the token in it is shown once. */
export function AddDialog({ organization, close }: { organization: string; close: () => void }) {
  return (
    <Modal
      opened
      onClose={close}
      title="Add a device"
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
      closeOnClickOutside={false}
    >
      <AddDevice organization={organization} />
    </Modal>
  )
}
