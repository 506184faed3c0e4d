import { Button, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { projectsQuery } from '../../api/settings'
import { PlusIcon } from '../../parts/icons'
import { Trouble } from '../../parts/Trouble'
import { inOrganization } from './InOrganization'
import classes from './Settings.module.css'

// What is opened by hand comes when it is.
const NewProject = lazy(async () => ({ default: (await import('./NewProject')).NewProject }))

/** What devices, flows and dashboards are put together in, and how long their readings are kept. */
export const Projects = inOrganization(({ organization, isAdmin }) => {
  const navigate = useNavigate()
  const { data, error, refetch } = useQuery(projectsQuery(organization.id))
  const [adds, setAdds] = useState(false)
  return (
    <>
      <title>Projects · EdgeSync</title>
      <div className="row spread">
        <h2 style={{ margin: 0 }}>Projects</h2>
        {isAdmin && (
          <Button leftSection={<PlusIcon />} onClick={() => setAdds(true)}>
            New project
          </Button>
        )}
      </div>
      {!isAdmin && <div className="dim">Only admins make and change projects. Ask one of them.</div>}
      {error && <Trouble error={error} again={() => refetch()} />}
      {!data && !error && <Skeleton height={160} />}
      {data?.length === 0 && (
        <div className="panel">
          There is none. A project puts devices, flows and dashboards together, and says for how many days
          their readings are kept.
        </div>
      )}
      {data && data.length > 0 && (
        <ul className={`panel ${classes['list']}`} style={{ padding: 0 }} aria-label="Projects">
          {data.map(project => (
            <li key={project.id}>
              <div className={classes['main']}>
                <div>
                  <Link to="/settings/projects/$id" params={{ id: project.id }}>
                    {project.name}
                  </Link>
                </div>
                {project.description && <div className="dim">{project.description}</div>}
              </div>
              <span className="row" style={{ gap: 4 }}>
                {project.tags.map(tag => (
                  <span key={tag} className={classes['tag']}>
                    {tag}
                  </span>
                ))}
              </span>
              {project.status !== 'active' && <span className="dim">{STATUS[project.status]}</span>}
              <span className="dim">
                Keeps {project.data_retention_days} {project.data_retention_days === 1 ? 'day' : 'days'}
              </span>
            </li>
          ))}
        </ul>
      )}
      {adds && (
        <Suspense>
          <NewProject
            organization={organization.id}
            close={() => setAdds(false)}
            done={({ id }) => navigate({ to: '/settings/projects/$id', params: { id } })}
          />
        </Suspense>
      )}
    </>
  )
})

export const STATUS = { active: 'Active', inactive: 'Inactive', archived: 'Archived' } as const
