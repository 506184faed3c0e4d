import { ActionIcon, Menu } from '@mantine/core'
import { useMutation, useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { meQuery } from '../../api/queries'
import { MoreIcon } from '../../parts/icons'
import { duplicate, exportFile } from './actions'
import { type Rights, useRights } from './rights'

// Who only looks at a dashboard does not load them.
const Dialogs = lazy(() => import('./Dialogs').then(({ Dialogs }) => ({ default: Dialogs })))

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
  const what = error ? 'failed' : asks
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
      {what && (
        <Suspense>
          <Dialogs
            dashboard={dashboard}
            what={what}
            error={error}
            onClose={() => {
              setAsks(undefined)
              forget()
            }}
            onDeleted={() => {
              setAsks(undefined)
              onDeleted?.()
            }}
          />
        </Suspense>
      )}
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
