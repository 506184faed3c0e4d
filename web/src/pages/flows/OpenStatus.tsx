import { useQuery } from '@tanstack/react-query'
import { metricsQuery } from '../../api/flow_metrics'
import classes from './FlowPage.module.css'
import { FlowStatus } from './FlowStatus'

/** How the flow that is open in the editor runs. */
export function OpenStatus({ id }: { id: string }) {
  const { data: metrics } = useQuery(metricsQuery(id))
  if (!metrics) return null
  return (
    <span className={classes['state']}>
      <FlowStatus state={metrics.state} />
    </span>
  )
}
