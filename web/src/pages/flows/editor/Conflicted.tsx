import { Button, Modal } from '@mantine/core'
import { useEditor } from '../../../flow/store'
import { Age } from '../../../parts/Age'

/** Somebody saved in between: whose drawing goes on. */
export function Conflicted() {
  const conflict = useEditor(state => state.conflict)
  const resolve = useEditor(state => state.resolve)
  if (!conflict) return null
  const { mine, theirs } = conflict
  return (
    <Modal
      opened
      onClose={() => resolve(undefined)}
      title="Somebody else saved this flow meanwhile"
      closeButtonProps={{ 'aria-label': 'Decide later' }}
    >
      <div className="stack">
        <div>
          Version {theirs.flow.version} was saved <Age of={theirs.flow.updated_at} />; your changes are not
          saved yet. Going on with yours replaces theirs when you save. Taking theirs can be undone.
        </div>
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={() => resolve(undefined)}>
            Decide later
          </Button>
          <Button variant="default" onClick={() => resolve(theirs.diagram)}>
            Take theirs
          </Button>
          <Button onClick={() => resolve(mine)}>Go on with mine</Button>
        </div>
      </div>
    </Modal>
  )
}
