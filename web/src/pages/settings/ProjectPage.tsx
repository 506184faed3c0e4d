import { Button, Skeleton, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { api, take } from '../../api/client'
import { putIntoProject, takeOutOfProject } from '../../api/devices'
import { type Device, devicesQuery, queryClient } from '../../api/queries'
import { type Project, projectQuery } from '../../api/settings'
import { useIsAdmin } from '../../organization'
import { Confirm } from '../../parts/Confirm'
import { BackIcon, SearchIcon } from '../../parts/icons'
import { DeviceSelect } from '../../parts/SearchSelect'
import { Status } from '../../parts/Status'
import { Trouble } from '../../parts/Trouble'
import { Waiting } from '../../parts/Waiting'
import classes from './Settings.module.css'

// With fields that nothing else on the page needs.
const ProjectForm = lazy(async () => ({ default: (await import('./ProjectForm')).ProjectForm }))

const route = getRouteApi('/inside/settings/projects/$id')

/** One project: what is set of it, and which devices are in it. */
export function ProjectPage() {
  const { id } = route.useParams()
  const { data: project, error, refetch } = useQuery(projectQuery(id))
  return (
    <>
      <Link to="/settings/projects" className="row" style={{ gap: 4, alignSelf: 'flex-start' }}>
        <BackIcon />
        Projects
      </Link>
      {error && <Trouble error={error} again={() => refetch()} />}
      {!project && !error && <Waiting />}
      {project && <Whole key={project.id} project={project} />}
    </>
  )
}

function Whole({ project }: { project: Project }) {
  const mayChange = useIsAdmin(project.organization_id)
  return (
    <>
      <title>{`${project.name} · EdgeSync`}</title>
      <h2 style={{ margin: 0 }}>{project.name}</h2>
      <Devices project={project} mayChange={mayChange} />
      {mayChange ? (
        <>
          <section className={`panel ${classes['form']}`} aria-label="Settings of the project">
            <h2 style={{ marginBottom: 16 }}>Settings</h2>
            <Suspense fallback={<Skeleton height={480} />}>
              <ProjectForm organization={project.organization_id} project={project} />
            </Suspense>
          </section>
          <Delete project={project} />
        </>
      ) : (
        <section className={`panel stack ${classes['form']}`} style={{ gap: 8 }}>
          {project.description && <div>{project.description}</div>}
          <div>Readings of its devices are kept for {project.data_retention_days} days.</div>
          <div className="dim">Only admins of the organization change a project. Ask one of them.</div>
        </section>
      )}
    </>
  )
}

function refresh(project: Project): void {
  void queryClient.invalidateQueries({ queryKey: ['devices', project.organization_id] })
  void queryClient.invalidateQueries({ queryKey: ['device'] })
}

function Devices({ project, mayChange }: { project: Project; mayChange: boolean }) {
  const [typed, setTyped] = useState('')
  const [q] = useDebouncedValue(typed.trim(), 200)
  const list = useInfiniteQuery(
    devicesQuery(project.organization_id, { sort: 'name', project: project.id, ...(q ? { q } : {}) }),
  )
  const devices = list.data?.pages.flatMap(({ items }) => items)
  const add = useMutation({
    mutationFn: (device: string) => putIntoProject(project.id, device),
    onSuccess: () => refresh(project),
  })
  return (
    <section className="stack" style={{ gap: 8 }} aria-label="Devices in it">
      <div className="row spread">
        <h3 style={{ margin: 0 }}>Devices in it</h3>
        <TextInput
          aria-label="Search its devices"
          placeholder="Name, description or kind"
          leftSection={<SearchIcon />}
          type="search"
          value={typed}
          maxLength={200}
          onChange={event => setTyped(event.currentTarget.value)}
          style={{ flex: '0 1 280px' }}
        />
      </div>
      {mayChange && (
        <DeviceSelect
          aria-label="Put a device into it"
          placeholder="Put a device into it: type a part of its name"
          organization={project.organization_id}
          value={null}
          onChange={id => id && add.mutate(id)}
          disabled={add.isPending}
        />
      )}
      {add.error && <Trouble error={add.error} />}
      {list.error && <Trouble error={list.error} again={() => list.refetch()} />}
      {devices?.length === 0 && (
        <div className="panel">
          {q
            ? 'None in it is like this.'
            : 'No device is in it. Readings of one that is in it are kept as long as the project says.'}
        </div>
      )}
      {devices && devices.length > 0 && (
        <ul className={`panel ${classes['list']}`} style={{ padding: 0 }} aria-label="Devices">
          {devices.map(device => (
            <One key={device.id} device={device} project={project} mayChange={mayChange} />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <div className="row">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show more
          </Button>
        </div>
      )}
    </section>
  )
}

function One({ device, project, mayChange }: { device: Device; project: Project; mayChange: boolean }) {
  const out = useMutation({
    mutationFn: () => takeOutOfProject(project.id, device.id),
    onSuccess: () => refresh(project),
  })
  return (
    <li>
      <div className={classes['main']}>
        <div>
          <Link to="/devices/$id" params={{ id: device.id }}>
            {device.name}
          </Link>
        </div>
        {out.error && <Trouble error={out.error} />}
      </div>
      <Status device={device} />
      {mayChange && (
        <Button
          variant="default"
          size="xs"
          loading={out.isPending}
          onClick={() => out.mutate()}
          aria-label={`Take out ${device.name}`}
        >
          Take out
        </Button>
      )}
    </li>
  )
}

function Delete({ project }: { project: Project }) {
  const navigate = useNavigate()
  const [asks, setAsks] = useState(false)
  const remove = useMutation({
    mutationFn: () => take(api.DELETE('/api/v1/projects/{id}', { params: { path: { id: project.id } } })),
    onSuccess: async () => {
      await navigate({ to: '/settings/projects' })
      queryClient.removeQueries({ queryKey: projectQuery(project.id).queryKey })
      void queryClient.invalidateQueries({ queryKey: ['projects', project.organization_id] })
    },
  })
  return (
    <section className={`panel stack ${classes['form']}`} style={{ gap: 8 }}>
      <h2>Delete the project</h2>
      <div>
        What is in it stays: devices and dashboards in the organization, flows with their owners alone.
      </div>
      <div className="row">
        <Button variant="outline" color="red" onClick={() => setAsks(true)}>
          Delete it
        </Button>
      </div>
      <Confirm
        opened={asks}
        close={() => setAsks(false)}
        title={`Delete ${project.name}?`}
        verb="Delete it"
        keep="Keep it"
        error={remove.error}
        pending={remove.isPending}
        onConfirm={() => remove.mutate()}
      >
        Readings of its devices are kept no longer for its sake: what is older than the server or another
        project of the device keeps it, is deleted for good.
      </Confirm>
    </section>
  )
}
