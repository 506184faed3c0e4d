import { ActionIcon, Menu, Modal } from '@mantine/core'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Suspense, useState } from 'react'
import { meQuery } from '../../api/queries'
import { MoreIcon } from '../../parts/icons'
import { Trouble } from '../../parts/Trouble'
import { duplicate, exportFile, HalfMade } from './actions'
import { DeleteDashboard } from './DeleteDashboard'
import { RenameDashboard } from './RenameDashboard'
import { type Rights, useRights } from './rights'

export interface Named {
  id: string
  name: string
  description: string
  creator_id: string
  organization_id: string
}

interface Props {
  dashboard: Named
  /** On the page of the dashboard: entries of that page, and what is done there when it is deleted. */
  children?: React.ReactNode
  onDeleted?: () => void
}

/** What can be done to a dashboard from outside of it. */
export function DashboardMenu({ dashboard, children, onDeleted }: Props) {
  const navigate = useNavigate()
  const [asks, setAsks] = useState<'rename' | 'delete'>()
  const copies = useMutation({
    mutationFn: () => duplicate(dashboard.id),
    onSuccess: id => navigate({ to: '/dashboards/$id/edit', params: { id } }),
  })
  const files = useMutation({ mutationFn: () => exportFile(dashboard.id) })
  const error = copies.error ?? files.error
  const forget = () => {
    copies.reset()
    files.reset()
  }
  return (
    <>
      <Menu position="bottom-end" withinPortal>
        <Menu.Target>
          <ActionIcon variant="subtle" color="gray" aria-label={`More about ${dashboard.name}`}>
            <MoreIcon />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          {children}
          <Menu.Item onClick={() => copies.mutate()}>Duplicate</Menu.Item>
          <Menu.Item onClick={() => files.mutate()}>Export as a file</Menu.Item>
          <Suspense fallback={<Menu.Item disabled>Rename</Menu.Item>}>
            <Changing dashboard={dashboard} onAsk={setAsks} />
          </Suspense>
        </Menu.Dropdown>
      </Menu>
      <Modal
        opened={asks === 'rename'}
        onClose={() => setAsks(undefined)}
        title={`Rename ${dashboard.name}`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <RenameDashboard dashboard={dashboard} done={() => setAsks(undefined)} />
      </Modal>
      <Modal
        opened={asks === 'delete'}
        onClose={() => setAsks(undefined)}
        title={`Delete ${dashboard.name}?`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <DeleteDashboard
          dashboard={dashboard}
          keep={() => setAsks(undefined)}
          done={() => {
            setAsks(undefined)
            onDeleted?.()
          }}
        />
      </Modal>
      <Modal
        opened={error !== null}
        onClose={forget}
        title="It did not work"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        <Trouble error={error instanceof HalfMade ? error.why : error} again={forget} />
      </Modal>
    </>
  )
}

/** Asked for when the menu is opened: in a list it would be a request for each row. */
function Changing({ dashboard, onAsk }: { dashboard: Named; onAsk: (what: 'rename' | 'delete') => void }) {
  const me = useSuspenseQuery(meQuery).data
  const rights: Rights = useRights(dashboard, me?.id ?? '')
  return (
    <>
      <Menu.Item onClick={() => onAsk('rename')} disabled={!rights.change}>
        Rename
      </Menu.Item>
      <Menu.Divider />
      <Menu.Item onClick={() => onAsk('delete')} disabled={!rights.own} color="red">
        Delete
      </Menu.Item>
    </>
  )
}
