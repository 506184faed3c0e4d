import { Modal, Tabs } from '@mantine/core'
import { Links } from './Links'
import { People } from './People'
import type { Rights } from './rights'

interface Props {
  dashboard: { id: string; name: string; organization_id: string; creator_id: string }
  rights: Rights
  onClose: () => void
}

/** Whom a dashboard is shared with: members who may change it, and whoever has a link. */
export function Share({ dashboard, rights, onClose }: Props) {
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Share ${dashboard.name}`}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
      closeOnClickOutside={false}
    >
      <Tabs defaultValue="links" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="links">Links</Tabs.Tab>
          <Tabs.Tab value="people">People</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="links" pt="md">
          <Links dashboard={dashboard.id} />
        </Tabs.Panel>
        <Tabs.Panel value="people" pt="md">
          <People dashboard={dashboard} mayShare={rights.own} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  )
}
