import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { metricsQuery } from '../../api/flow_metrics'
import { useEditor } from '../../flow/store'
import classes from './FlowPage.module.css'
import { FlowStatus } from './FlowStatus'

/** How the flow that is open runs, and the way from the editor to its other pages. */
export function FlowLinks() {
  const id = useEditor(state => state.saved?.flow.id)
  const { data: metrics } = useQuery({ ...metricsQuery(id ?? ''), enabled: id !== undefined })
  if (id === undefined) return null
  return (
    <nav className="row" aria-label="Of this flow" style={{ gap: 12, padding: '0 8px', flexWrap: 'nowrap' }}>
      {metrics && (
        <span className={classes['state']}>
          <FlowStatus state={metrics.state} />
        </span>
      )}
      <Link to="/flows/$id/versions" params={{ id }}>
        Versions
      </Link>
      <Link to="/flows/$id/runs" params={{ id }}>
        Runs
      </Link>
    </nav>
  )
}
