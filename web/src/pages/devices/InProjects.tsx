import { Button, Select } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { putIntoProject, takeOutOfProject } from '../../api/devices'
import { type Device, deviceQuery, queryClient } from '../../api/queries'
import { projectsQuery } from '../../api/settings'
import { Trouble } from '../../parts/Trouble'
import classes from './Device.module.css'

/** The projects that a device is in, which say how long its readings are kept. */
export function InProjects({ device }: { device: Device }) {
  const { data: projects, error, refetch } = useQuery(projectsQuery(device.organization_id))
  const change = useMutation({
    mutationFn: ({ project, isIn }: { project: string; isIn: boolean }) =>
      isIn ? takeOutOfProject(project, device.id) : putIntoProject(project, device.id),
    onSuccess: () => {
      void queryClient.invalidateQueries({ queryKey: ['devices', device.organization_id] })
      return queryClient.invalidateQueries({ queryKey: deviceQuery(device.id).queryKey })
    },
  })
  const inside = projects?.filter(({ id }) => device.project_ids.includes(id)) ?? []
  const others = projects?.filter(({ id }) => !device.project_ids.includes(id)) ?? []
  const days = Math.max(0, ...inside.map(({ data_retention_days }) => data_retention_days))
  return (
    <section className="panel stack" style={{ gap: 8 }}>
      <h2 style={{ margin: 0 }}>Projects</h2>
      {error && <Trouble error={error} again={() => refetch()} />}
      <div>
        {days > 0
          ? `Its readings are kept for ${days} days.`
          : 'It is in none: its readings are kept as long as the server keeps those of no project.'}
      </div>
      {inside.length > 0 && (
        <ul className={classes['events']} style={{ padding: 0 }} aria-label="Projects that it is in">
          {inside.map(({ id, name }) => (
            <li key={id} style={{ gridTemplateColumns: '1fr auto' }}>
              <Link to="/settings/projects/$id" params={{ id }}>
                {name}
              </Link>
              <Button
                variant="default"
                size="xs"
                onClick={() => change.mutate({ project: id, isIn: true })}
                disabled={change.isPending}
                aria-label={`Take out of ${name}`}
              >
                Take out
              </Button>
            </li>
          ))}
        </ul>
      )}
      {projects?.length === 0 && (
        <div>
          There is no project yet. <Link to="/settings/projects">Make one</Link>
        </div>
      )}
      {others.length > 0 && (
        <Select
          aria-label="Put it into a project"
          placeholder="Put it into a project"
          data={others.map(({ id, name }) => ({ value: id, label: name }))}
          value={null}
          onChange={project => project && change.mutate({ project, isIn: false })}
          disabled={change.isPending}
          searchable
          style={{ maxWidth: 320 }}
        />
      )}
      {change.error && <Trouble error={change.error} />}
    </section>
  )
}
