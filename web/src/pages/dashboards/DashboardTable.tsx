import { Skeleton, UnstyledButton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { DashboardSort, DashboardSummary } from '../../api/dashboards'
import { Age } from '../../parts/Age'
import { DashboardMenu } from './DashboardMenu'
import classes from './DashboardTable.module.css'

interface Props {
  /** Nothing while the first page is on its way. */
  dashboards: DashboardSummary[] | undefined
  projects: { id: string; name: string }[]
  sort: DashboardSort
  onSort: (sort: DashboardSort) => void
}

export function DashboardTable({ dashboards, projects, sort, onSort }: Props) {
  const names = new Map(projects.map(({ id, name }) => [id, name]))
  const column = (name: string, up: DashboardSort, down: DashboardSort, first: DashboardSort) => {
    const order = sort === up ? 'ascending' : sort === down ? 'descending' : undefined
    const next = order === undefined ? first : sort === up ? down : up
    return (
      <th aria-sort={order ?? 'none'} scope="col">
        <UnstyledButton onClick={() => onSort(next)} className={classes['sort']}>
          {name}
          <span aria-hidden="true">{order === 'ascending' ? '↑' : order === 'descending' ? '↓' : ''}</span>
        </UnstyledButton>
      </th>
    )
  }
  return (
    <div className={classes['frame']}>
      <table className={classes['table']} aria-busy={!dashboards} aria-label="Dashboards">
        <thead>
          <tr>
            {column('Name', 'name', '-name', 'name')}
            <th scope="col" className={classes['wide']}>
              Description
            </th>
            <th scope="col" className={classes['wide']}>
              Project
            </th>
            {column('Last change', 'updated_at', '-updated_at', '-updated_at')}
            <th scope="col">
              <span className="hidden">What to do with it</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {dashboards?.map(dashboard => (
            <tr key={dashboard.id}>
              <th scope="row">
                <Link to="/dashboards/$id" params={{ id: dashboard.id }}>
                  {dashboard.name}
                </Link>
              </th>
              <td className={classes['wide']}>{dashboard.description}</td>
              <td className={classes['wide']}>{dashboard.project_id && names.get(dashboard.project_id)}</td>
              <td>
                <Age of={dashboard.updated_at} />
              </td>
              <td>
                <DashboardMenu dashboard={dashboard} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {!dashboards && (
        <div style={{ padding: 8 }} role="status" aria-label="Loading">
          {[1, 2, 3].map(n => (
            <Skeleton key={n} height={24} my={8} />
          ))}
        </div>
      )}
      {dashboards?.length === 0 && (
        <div className={classes['none']}>
          None is like this. Search for something else, or take away the filter.
        </div>
      )}
    </div>
  )
}
