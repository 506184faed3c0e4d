import { Button, Progress } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { metricsQuery } from '../../../api/flow_metrics'
import { FlowStatus } from '../FlowStatus'
import { progressOf } from './change'

/** How far a deployment is, until it runs. */
export function Running({
  id,
  version,
  onClose,
}: {
  id: string
  /** The number of what was deployed; nothing while that is not answered. */
  version: number | null | undefined
  onClose: () => void
}) {
  const { data: metrics } = useQuery(metricsQuery(id, 500))
  // what runs is told a moment after it was deployed
  const runs = version !== undefined && version !== null && metrics?.version === version
  const state = runs && metrics ? metrics.state : 'pending'
  const isUp = state !== 'pending'
  const { says, done } = progressOf(metrics?.deploying)
  return (
    <div className="stack" role="status">
      {isUp ? (
        <>
          <div className="row">
            <strong>Version {version}</strong>
            <FlowStatus state={state} />
          </div>
          {metrics?.reason && <div>{metrics.reason}</div>}
        </>
      ) : (
        <>
          <div>{version === undefined ? says : 'It is installed and begins with the next reading.'}</div>
          <Progress
            value={done ?? 100}
            animated={done === undefined}
            striped={done === undefined}
            aria-label="Progress"
          />
          <div className="dim">It goes on by itself if you close this; what ran before runs until then.</div>
        </>
      )}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button variant={isUp ? 'filled' : 'default'} onClick={onClose} data-autofocus>
          {isUp ? 'Done' : 'Close'}
        </Button>
      </div>
    </div>
  )
}
