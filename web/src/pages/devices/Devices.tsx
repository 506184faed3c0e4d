import { Button, Modal, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { type DeviceStatus, devicesQuery } from '../../api/queries'
import { useIsAdmin, useOrganization } from '../../organization'
import { PlusIcon, SearchIcon } from '../../parts/icons'
import { NoOrganization } from '../../parts/NoOrganization'
import { Trouble } from '../../parts/Trouble'
import { AddDevice } from './AddDevice'
import { DeviceTable } from './DeviceTable'

const route = getRouteApi('/inside/devices')

const STATES: { value: DeviceStatus | ''; label: string }[] = [
  { value: '', label: 'All' },
  { value: 'active', label: 'Online' },
  { value: 'offline', label: 'Offline' },
  { value: 'inactive', label: 'Not seen yet' },
  { value: 'error', label: 'Error' },
]

/** All devices: searched, sorted and paged by the server. */
export function Devices() {
  const organization = useOrganization()
  return organization ? <Of key={organization.id} organization={organization.id} /> : <NoOrganization />
}

function Of({ organization }: { organization: string }) {
  const { q, status, sort = 'name', add = false } = route.useSearch()
  const navigate = route.useNavigate()
  const mayAdd = useIsAdmin(organization)
  const list = useInfiniteQuery(devicesQuery(organization, { q, status, sort }))
  const [typed, setTyped] = useState(q ?? '')
  const search = useDebouncedCallback((text: string) => {
    void navigate({
      search: ({ q: _, ...before }) => (text ? { ...before, q: text } : before),
      replace: true,
      resetScroll: false,
    })
  }, 200)
  const filter = (next: string | null) =>
    navigate({
      search: ({ status: _, ...before }) => (next ? { ...before, status: next as DeviceStatus } : before),
      replace: true,
      resetScroll: false,
    })
  const setAdd = (open: boolean) =>
    navigate({
      search: ({ add: _, ...before }) => (open ? { ...before, add: true } : before),
      replace: true,
      resetScroll: false,
    })
  const devices = list.data?.pages.flatMap(page => page.items)
  const narrowed = q !== undefined || status !== undefined
  return (
    <div className="stack">
      <title>Devices · EdgeSync</title>
      <div className="row spread">
        <h1 style={{ margin: 0 }}>Devices</h1>
        {mayAdd && (
          <Button leftSection={<PlusIcon />} onClick={() => setAdd(true)}>
            Add a device
          </Button>
        )}
      </div>
      <div className="row">
        <TextInput
          aria-label="Search devices"
          placeholder="Name, description or kind"
          leftSection={<SearchIcon />}
          type="search"
          value={typed}
          maxLength={200}
          onChange={event => {
            setTyped(event.currentTarget.value)
            search(event.currentTarget.value.trim())
          }}
          style={{ flex: '1 1 200px', maxWidth: 360 }}
        />
        <Select
          aria-label="Only those that are"
          data={STATES}
          value={status ?? ''}
          onChange={filter}
          allowDeselect={false}
          w={144}
        />
      </div>
      {list.error && !devices && <Trouble error={list.error} again={() => list.refetch()} />}
      {devices?.length === 0 && !narrowed ? (
        <div className="panel stack" style={{ alignItems: 'flex-start' }}>
          <div>There is no device yet.</div>
          {mayAdd ? (
            <Button onClick={() => setAdd(true)}>Connect the first one</Button>
          ) : (
            <div className="dim">Ask an admin of the organization to add one.</div>
          )}
        </div>
      ) : (
        <DeviceTable
          devices={devices}
          sort={sort}
          of={`${status} ${sort} ${q}`}
          onSort={next =>
            navigate({ search: before => ({ ...before, sort: next }), replace: true, resetScroll: false })
          }
          more={list.hasNextPage ? () => !list.isFetching && list.fetchNextPage() : undefined}
        />
      )}
      <Modal
        opened={add && mayAdd}
        onClose={() => setAdd(false)}
        title="Add a device"
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
        closeOnClickOutside={false}
      >
        <AddDevice organization={organization} />
      </Modal>
    </div>
  )
}
