import { Button, Modal } from '@mantine/core'
import { saveAndSay } from './save'

export default function LeavingDialog({ stay, leave }: { stay: () => void; leave: () => void }) {
  const saveAndLeave = async () => ((await saveAndSay()) ? leave() : stay())
  return (
    <Modal
      opened
      onClose={stay}
      title="Your changes are not saved"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <div className="stack">
        <div>
          If you leave without saving, this browser keeps them and offers them when you open the flow again.
        </div>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={stay}>
            Stay
          </Button>
          <Button variant="default" onClick={leave}>
            Leave
          </Button>
          <Button onClick={() => void saveAndLeave()}>Save and leave</Button>
        </div>
      </div>
    </Modal>
  )
}
