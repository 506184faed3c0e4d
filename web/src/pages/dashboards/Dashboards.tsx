import { Button, Modal, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { dashboardsQuery, projectNamesQuery } from '../../api/dashboards'
import { useOrganization } from '../../organization'
import { PlusIcon, SearchIcon } from '../../parts/icons'
import { NoOrganization } from '../../parts/NoOrganization'
import { Trouble } from '../../parts/Trouble'
import { DashboardTable } from './DashboardTable'
import { NewDashboard } from './NewDashboard'

const route = getRouteApi('/inside/dashboards')

/** All dashboards: searched, sorted and paged by the server. */
export function Dashboards() {
  const organization = useOrganization()
  return organization ? <Of key={organization.id} organization={organization.id} /> : <NoOrganization />
}

function Of({ organization }: { organization: string }) {
  const { q, project, sort = 'name' } = route.useSearch()
  const navigate = route.useNavigate()
  const [isMaking, setMaking] = useState(false)
  const list = useInfiniteQuery(dashboardsQuery(organization, { q, project, sort }))
  const projects = useQuery(projectNamesQuery(organization)).data
  const [typed, setTyped] = useState(q ?? '')
  const narrow = (change: { q?: string; project?: string }) =>
    navigate({
      search: before =>
        Object.fromEntries(Object.entries({ ...before, ...change }).filter(([, value]) => value)),
      replace: true,
      resetScroll: false,
    })
  const search = useDebouncedCallback((text: string) => void narrow({ q: text }), 200)
  const dashboards = list.data?.pages.flatMap(page => page.items)
  const isNarrowed = q !== undefined || project !== undefined
  return (
    <div className="stack">
      <title>Dashboards · EdgeSync</title>
      <div className="row spread">
        <h1 style={{ margin: 0 }}>Dashboards</h1>
        <Button leftSection={<PlusIcon />} onClick={() => setMaking(true)}>
          New dashboard
        </Button>
      </div>
      <div className="row">
        <TextInput
          aria-label="Search dashboards"
          placeholder="Name"
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
        {projects && projects.length > 0 && (
          <Select
            aria-label="Only those of the project"
            data={[
              { value: '', label: 'All projects' },
              ...projects.map(({ id, name }) => ({ value: id, label: name })),
            ]}
            value={project ?? ''}
            onChange={id => narrow({ project: id ?? '' })}
            allowDeselect={false}
            w={184}
          />
        )}
      </div>
      {list.error && !dashboards && <Trouble error={list.error} again={() => list.refetch()} />}
      {dashboards?.length === 0 && !isNarrowed ? (
        <div className="panel stack" style={{ alignItems: 'flex-start' }}>
          <div>There is no dashboard yet. One shows what devices send and flows put out, as it comes.</div>
          <Button onClick={() => setMaking(true)}>Make the first one</Button>
        </div>
      ) : (
        <DashboardTable
          dashboards={dashboards}
          projects={projects ?? []}
          sort={sort}
          onSort={next =>
            navigate({ search: before => ({ ...before, sort: next }), replace: true, resetScroll: false })
          }
        />
      )}
      {list.hasNextPage && (
        <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
          Show more
        </Button>
      )}
      <Modal
        opened={isMaking}
        onClose={() => setMaking(false)}
        title="New dashboard"
        size="lg"
        closeButtonProps={{ 'aria-label': 'Close' }}
        closeOnClickOutside={false}
      >
        <NewDashboard organization={organization} />
      </Modal>
    </div>
  )
}
