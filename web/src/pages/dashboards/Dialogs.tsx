import { Modal } from '@mantine/core'
import { Trouble } from '../../parts/Trouble'
import type { Named } from './DashboardMenu'
import { DeleteDashboard } from './DeleteDashboard'
import { RenameDashboard } from './RenameDashboard'

interface Props {
  dashboard: Named
  what: 'rename' | 'delete' | 'failed'
  error: Error | null
  onClose: () => void
  onDeleted: () => void
}

/** What the menu of a dashboard asks, and tells when it did not work. */
export function Dialogs({ dashboard, what, error, onClose, onDeleted }: Props) {
  const titles = {
    rename: `Rename ${dashboard.name}`,
    delete: `Delete ${dashboard.name}?`,
    failed: 'It did not work',
  }
  return (
    <Modal opened onClose={onClose} title={titles[what]} closeButtonProps={{ 'aria-label': 'Close' }}>
      {what === 'rename' && <RenameDashboard dashboard={dashboard} done={onClose} />}
      {what === 'delete' && <DeleteDashboard dashboard={dashboard} keep={onClose} done={onDeleted} />}
      {what === 'failed' && <Trouble error={error} />}
    </Modal>
  )
}
