import { Button, Select, TextInput, UnstyledButton } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useMemo, useState } from 'react'
import {
  type FlowSummary,
  flowQuery,
  flowsQuery,
  IN_NONE,
  IN_ORGANIZATION,
  projectsQuery,
} from '../../api/flows'
import { queryClient } from '../../api/queries'
import { useOrganization, useOrganizations } from '../../organization'
import { PlusIcon, SearchIcon } from '../../parts/icons'
import { NoOrganization } from '../../parts/NoOrganization'
import { Trouble } from '../../parts/Trouble'
import { useMayChange } from './allowed'
import { download } from './download'
import { examples } from './examples'
import type { Does } from './FlowMenu'
import classes from './Flows.module.css'
import { FlowTable } from './FlowTable'
import { exported, fileName } from './files'
import { later } from './later'
import type { Way } from './NewFlow'

const NewFlow = later(async () => (await import('./NewFlow')).NewFlow)
const Deploy = later(async () => (await import('./deploy/Deploy')).Deploy)
const Rename = later(async () => (await import('./FlowDialogs')).Rename)
const StopFlow = later(async () => (await import('./FlowDialogs')).StopFlow)
const RemoveFlow = later(async () => (await import('./FlowDialogs')).RemoveFlow)

const route = getRouteApi('/inside/flows')

/** All flows that one may see: searched, sorted and paged by the server. */
export function Flows() {
  const organization = useOrganization()
  return organization ? <Of key={organization.id} organization={organization.id} /> : <NoOrganization />
}

function Of({ organization }: { organization: string }) {
  const { q, project, sort = 'name', make } = route.useSearch()
  const navigate = route.useNavigate()
  const organizations = useOrganizations()
  const mayChange = useMayChange(organization)
  const projects = useQuery(projectsQuery(organization)).data
  const list = useInfiniteQuery(flowsQuery({ organization, q, project, sort }))
  const [typed, setTyped] = useState(q ?? '')
  const [does, setDoes] = useState<{ does: Does; flow: FlowSummary }>()
  const put = (next: { q?: string; project?: string; make?: string }, gone: 'q' | 'project' | 'make') =>
    navigate({
      search: ({ [gone]: _, ...before }) => ({ ...before, ...next }),
      replace: true,
      resetScroll: false,
    })
  const search = useDebouncedCallback((text: string) => void put(text ? { q: text } : {}, 'q'), 200)
  const begin = (way: Way) => put({ make: way }, 'make')
  const save = useMutation({
    mutationFn: async (id: string) => {
      const { flow } = await queryClient.fetchQuery({ ...flowQuery(id), staleTime: 0 })
      download(fileName(flow.name), exported(flow))
    },
  })
  const flows = list.data?.pages.flatMap(page => page.items)
  const names = useMemo(() => new Map(projects?.map(({ id, name }) => [id, name])), [projects])
  const narrowed = q !== undefined || project !== undefined
  const isEmpty = flows?.length === 0 && !narrowed
  const act = (what: Does, flow: FlowSummary) =>
    what === 'export' ? save.mutate(flow.id) : setDoes({ does: what, flow })
  const done = () => setDoes(undefined)
  return (
    <div className="stack">
      <title>Flows · EdgeSync</title>
      <div className="row spread">
        <h1 style={{ margin: 0 }}>Flows</h1>
        {!isEmpty && (
          <Button leftSection={<PlusIcon />} onClick={() => begin('empty')}>
            New flow
          </Button>
        )}
      </div>
      {!isEmpty && (
        <div className="row">
          <TextInput
            aria-label="Search flows"
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
          {projects && (projects.length > 0 || organizations.length > 1) && (
            <Select
              aria-label="Only those that are"
              data={[
                { value: '', label: 'All flows' },
                { value: IN_NONE, label: 'In no project' },
                { value: IN_ORGANIZATION, label: 'In any project' },
                ...projects.map(({ id, name }) => ({ value: id, label: name })),
              ]}
              value={project ?? ''}
              onChange={next => put(next ? { project: next } : {}, 'project')}
              allowDeselect={false}
              searchable={projects.length > 8}
              w={200}
            />
          )}
        </div>
      )}
      {list.error && !flows && <Trouble error={list.error} again={() => list.refetch()} />}
      {save.error && <Trouble error={save.error} />}
      {isEmpty ? (
        <Starts begin={begin} />
      ) : (
        <FlowTable
          flows={flows}
          projects={names}
          sort={sort}
          onSort={next =>
            navigate({ search: before => ({ ...before, sort: next }), replace: true, resetScroll: false })
          }
          mayChange={mayChange}
          onDo={act}
        />
      )}
      {list.hasNextPage && (
        <Button
          variant="default"
          style={{ alignSelf: 'center' }}
          onClick={() => list.fetchNextPage()}
          loading={list.isFetchingNextPage}
        >
          Show more
        </Button>
      )}
      {make && (
        <NewFlow
          organization={organization}
          way={make}
          project={names.has(project ?? '') ? project : undefined}
          onClose={() => put({}, 'make')}
        />
      )}
      {does?.does === 'deploy' && <Deploy id={does.flow.id} onClose={done} />}
      {does?.does === 'stop' && <StopFlow flow={does.flow} onClose={done} />}
      {does?.does === 'rename' && <Rename flow={does.flow} organization={organization} onClose={done} />}
      {does?.does === 'delete' && <RemoveFlow flow={does.flow} onClose={done} />}
    </div>
  )
}

/** For who has no flow yet: what one is, and ways to begin. */
function Starts({ begin }: { begin: (way: Way) => void }) {
  const ways = [
    { way: 'empty', word: 'An empty canvas', says: 'Draw it from the palette.' },
    ...examples.map(({ id, name, says }) => ({ way: id, word: name, says })),
    { way: 'import', word: 'A file', says: 'An export of a flow, or a React Flow diagram as JSON.' },
  ]
  return (
    <section className="stack" aria-label="Begin with a flow">
      <div>
        There is no flow yet. A flow takes readings of devices as they come, filters and computes, and shows
        or stores what comes of it. Begin with:
      </div>
      <ul className={classes['starts']}>
        {ways.map(({ way, word, says }) => (
          <li key={way}>
            <UnstyledButton className={classes['start']} onClick={() => begin(way)}>
              <strong>{word}</strong>
              <span className="dim">{says}</span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </section>
  )
}
