import { Skeleton, UnstyledButton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { FlowSort, FlowSummary } from '../../api/flows'
import { Age } from '../../parts/Age'
import { type Does, FlowMenu } from './FlowMenu'
import { FlowStatus } from './FlowStatus'
import classes from './Flows.module.css'
import { stateOf, versionOf } from './state'

interface Props {
  /** Nothing while the first page is on its way. */
  flows: readonly FlowSummary[] | undefined
  /** Names of projects, by their ids. */
  projects: ReadonlyMap<string, string>
  sort: FlowSort
  onSort: (sort: FlowSort) => void
  mayChange: (flow: FlowSummary) => boolean
  onDo: (does: Does, flow: FlowSummary) => void
}

/** Flows, each with how it runs and what can be done to it. */
export function FlowTable({ flows, projects, sort, onSort, mayChange, onDo }: Props) {
  const column = (
    name: string,
    by: 'name' | 'updated_at',
    className: string | undefined,
    startsDown = false,
  ) => {
    const [up, down] = [by, `-${by}`] as [FlowSort, FlowSort]
    const order = sort === up ? 'ascending' : sort === down ? 'descending' : undefined
    const next = order === undefined ? (startsDown ? down : up) : sort === up ? down : up
    return (
      <th aria-sort={order ?? 'none'} scope="col" className={className}>
        <UnstyledButton onClick={() => onSort(next)} className={classes['sort']}>
          {name}
          <span aria-hidden="true">{order === 'ascending' ? '↑' : order === 'descending' ? '↓' : ''}</span>
        </UnstyledButton>
      </th>
    )
  }
  return (
    <div className={classes['scroller']}>
      <table className={classes['table']} aria-busy={!flows} aria-label="Flows">
        <thead>
          <tr>
            {column('Name', 'name', undefined)}
            <th scope="col" className={classes['state']}>
              State
            </th>
            <th scope="col" className={classes['version']}>
              Version that runs
            </th>
            <th scope="col" className={classes['project']}>
              Project
            </th>
            {column('Saved', 'updated_at', classes['saved'], true)}
            <th scope="col" className={classes['menu']}>
              <span className="hidden">What to do with it</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {flows?.map(flow => (
            <Row
              key={flow.id}
              flow={flow}
              project={
                flow.project_id ? (projects.get(flow.project_id) ?? 'of another organization') : undefined
              }
              may={mayChange(flow)}
              onDo={does => onDo(does, flow)}
            />
          ))}
        </tbody>
      </table>
      {!flows && (
        <div style={{ padding: 8 }} role="status" aria-label="Loading">
          {[1, 2, 3, 4].map(n => (
            <Skeleton key={n} height={24} my={8} />
          ))}
        </div>
      )}
      {flows?.length === 0 && (
        <div className={classes['none']}>
          None is called like this. Search for something else, or choose another project.
        </div>
      )}
    </div>
  )
}

function Row({
  flow,
  project,
  may,
  onDo,
}: {
  flow: FlowSummary
  project: string | undefined
  may: boolean
  onDo: (does: Does) => void
}) {
  const { errors } = flow
  return (
    <tr>
      <th scope="row">
        <Link to="/flows/$id" params={{ id: flow.id }}>
          {flow.name}
        </Link>
        {flow.description && (
          <div className={`${classes['note']} ${classes['clamp']}`}>{flow.description}</div>
        )}
      </th>
      <td className={classes['state']}>
        <FlowStatus state={stateOf(flow)} />
        {flow.reason && <div className={classes['note']}>{flow.reason}</div>}
        {errors > 0 && (
          <div className={classes['note']}>
            <Link to="/flows/$id/runs" params={{ id: flow.id }}>
              {errors === 1 ? '1 record failed' : `${errors} records failed`}
            </Link>
          </div>
        )}
      </td>
      <td className={classes['version']}>
        {flow.deployed_version === null ? (
          <span className="dim">{versionOf(flow)}</span>
        ) : (
          <Link to="/flows/$id/versions" params={{ id: flow.id }}>
            {versionOf(flow)}
          </Link>
        )}
      </td>
      <td className={classes['project']}>{project ?? <span className="dim">none</span>}</td>
      <td className={classes['saved']}>
        <Age of={flow.updated_at} />
      </td>
      <td className={classes['menu']}>
        <FlowMenu flow={flow} may={may} onDo={onDo} />
      </td>
    </tr>
  )
}
