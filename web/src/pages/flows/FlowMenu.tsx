import { ActionIcon, Menu } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { FlowSummary } from '../../api/flows'
import { MoreIcon } from '../../parts/icons'
import { stateOf } from './state'

/** What can be done to a flow of the list. */
export type Does = 'deploy' | 'stop' | 'rename' | 'export' | 'delete'

export function FlowMenu({
  flow,
  may,
  onDo,
}: {
  flow: FlowSummary
  may: boolean
  onDo: (does: Does) => void
}) {
  // one that the platform stopped stays marked as such until somebody stops or deploys it
  const isStopped = !flow.is_active && stateOf(flow) !== 'suspended'
  return (
    <Menu position="bottom-end" withinPortal withInitialFocusPlaceholder={false}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={`What to do with ${flow.name}`}>
          <MoreIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={() => onDo('deploy')} disabled={!may}>
          {flow.is_active ? 'Deploy the draft' : 'Deploy'}
        </Menu.Item>
        <Menu.Item onClick={() => onDo('stop')} disabled={!may || isStopped}>
          Stop
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item component={Link} to={`/flows/${flow.id}/versions`}>
          Versions
        </Menu.Item>
        <Menu.Item component={Link} to={`/flows/${flow.id}/runs`}>
          Runs
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item onClick={() => onDo('rename')} disabled={!may}>
          Rename
        </Menu.Item>
        <Menu.Item onClick={() => onDo('export')}>Export</Menu.Item>
        <Menu.Item onClick={() => onDo('delete')} disabled={!may}>
          Delete
        </Menu.Item>
        {!may && <Menu.Label>Its owner and admins of the organization change it.</Menu.Label>}
      </Menu.Dropdown>
    </Menu>
  )
}
