import { Button, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense, useCallback, useEffect, useMemo, useState } from 'react'
import { type DeviceStatus, devicesQuery, fleetQuery } from '../../api/queries'
import { projectsQuery } from '../../api/settings'
import { useIsAdmin, useOrganization } from '../../organization'
import { PlusIcon, SearchIcon, UploadIcon } from '../../parts/icons'
import { NoOrganization } from '../../parts/NoOrganization'
import { Trouble } from '../../parts/Trouble'
import { DeviceTable } from './DeviceTable'

const route = getRouteApi('/inside/devices')

const STATES: { value: DeviceStatus | ''; label: string }[] = [
  { value: '', label: 'All' },
  { value: 'active', label: 'Online' },
  { value: 'offline', label: 'Offline' },
  { value: 'inactive', label: 'Not seen yet' },
  { value: 'error', label: 'Error' },
]

// What is opened by hand comes when it is.
const AddDialog = lazy(async () => ({ default: (await import('./AddDialog')).AddDialog }))
const ImportDevices = lazy(async () => ({ default: (await import('./ImportDevices')).ImportDevices }))
const Chosen = lazy(async () => ({ default: (await import('./Chosen')).Chosen }))

const NONE: ReadonlySet<string> = new Set()

/** All devices: searched, sorted and paged by the server. */
export function Devices() {
  const organization = useOrganization()
  return organization ? <Of key={organization.id} organization={organization.id} /> : <NoOrganization />
}

function Of({ organization }: { organization: string }) {
  const { q, status, project, sort = 'name', add = false } = route.useSearch()
  const navigate = route.useNavigate()
  const mayAdd = useIsAdmin(organization)
  const list = useInfiniteQuery(devicesQuery(organization, { q, status, project, sort }))
  const [typed, setTyped] = useState(q ?? '')
  const [imports, setImports] = useState(false)
  const [chosen, setChosen] = useState<ReadonlySet<string>>(NONE)
  // What becomes of them is shown also when none is chosen any more.
  const [chose, setChose] = useState(false)
  // Of another list none is chosen: nobody does something to what they do not see.
  const of = `${status} ${project} ${q}`
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change that matters
  useEffect(() => setChosen(NONE), [of])
  const search = useDebouncedCallback((text: string) => {
    void navigate({
      search: ({ q: _, ...before }) => (text ? { ...before, q: text } : before),
      replace: true,
      resetScroll: false,
    })
  }, 200)
  const filter = (next: { status?: DeviceStatus | undefined; project?: string | undefined }) =>
    navigate({
      search: before => {
        const all = { ...before, ...next }
        return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined))
      },
      replace: true,
      resetScroll: false,
    })
  const setAdd = (open: boolean) =>
    navigate({
      search: ({ add: _, ...before }) => (open ? { ...before, add: true } : before),
      replace: true,
      resetScroll: false,
    })
  const pages = list.data?.pages
  const devices = useMemo(() => pages?.flatMap(page => page.items), [pages])
  const narrowed = q !== undefined || status !== undefined || project !== undefined
  const { isFetching, hasNextPage, fetchNextPage } = list
  const more = useCallback(() => {
    if (!isFetching) void fetchNextPage()
  }, [isFetching, fetchNextPage])
  return (
    <div className="stack">
      <title>Devices · EdgeSync</title>
      <div className="row spread">
        <h1 style={{ margin: 0 }}>Devices</h1>
        {mayAdd && (
          <div className="row">
            <Button variant="default" leftSection={<UploadIcon />} onClick={() => setImports(true)}>
              Import
            </Button>
            <Button leftSection={<PlusIcon />} onClick={() => setAdd(true)}>
              Add a device
            </Button>
          </div>
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
          onChange={next => filter({ status: (next || undefined) as DeviceStatus | undefined })}
          allowDeselect={false}
          w={144}
        />
        <InProject organization={organization} project={project} change={next => filter({ project: next })} />
        <Count
          organization={organization}
          loaded={devices?.length}
          status={status}
          whole={!hasNextPage}
          plain={!q && !project}
        />
      </div>
      {list.error && <Trouble error={list.error} again={() => list.refetch()} />}
      {chose && (
        <Suspense>
          <Chosen
            organization={organization}
            devices={devices ?? []}
            chosen={chosen}
            project={project}
            clear={() => setChosen(NONE)}
          />
        </Suspense>
      )}
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
          of={`${status} ${project} ${sort} ${q}`}
          onSort={next =>
            navigate({ search: before => ({ ...before, sort: next }), replace: true, resetScroll: false })
          }
          more={hasNextPage ? more : undefined}
          chosen={mayAdd ? chosen : undefined}
          onChoose={next => {
            setChose(true)
            setChosen(next)
          }}
        />
      )}
      <Suspense>
        {add && mayAdd && <AddDialog close={() => setAdd(false)} organization={organization} />}
        {imports && <ImportDevices close={() => setImports(false)} organization={organization} />}
      </Suspense>
    </div>
  )
}

function InProject(props: {
  organization: string
  project: string | undefined
  change: (project: string | undefined) => void
}) {
  const projects = useQuery(projectsQuery(props.organization)).data
  if (!projects?.length && !props.project) return null
  return (
    <Select
      aria-label="Only those in the project"
      data={[
        { value: '', label: 'All projects' },
        ...(projects ?? []).map(({ id, name }) => ({ value: id, label: name })),
      ]}
      value={props.project ?? ''}
      onChange={next => props.change(next || undefined)}
      allowDeselect={false}
      searchable={(projects?.length ?? 0) > 8}
      w={168}
    />
  )
}

/** How many there are, as far as that is known: the server counts them by how they are, and a search to its end. */
function Count(props: {
  organization: string
  loaded: number | undefined
  status: DeviceStatus | undefined
  whole: boolean
  /** Nothing was searched but by how they are. */
  plain: boolean
}) {
  const fleet = useQuery(fleetQuery(props.organization)).data
  const { loaded, status, whole, plain } = props
  if (!loaded) return null
  const known = plain ? fleet?.[status ?? 'devices'] : undefined
  const count = whole ? loaded : known
  const said = count === undefined ? `${loaded.toLocaleString()} and more` : count.toLocaleString()
  return (
    <span className="dim" role="status">
      {said} {count === 1 ? 'device' : 'devices'}
    </span>
  )
}
