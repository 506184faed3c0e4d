import { Button, Progress, Skeleton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { endRun, executionQuery, isUnderWay } from '../../../api/flow_runs'
import type { FlowDiagram } from '../../../api/flows'
import { Trouble } from '../../../parts/Trouble'
import type { Drawing } from '../diff/drawing'
import { RunResult } from './RunResult'
import type { Range } from './range'
import { progressOf } from './results'

/** A run over stored readings until it has ended, and what came of it. */
export function Followed({
  flow,
  eid,
  range,
  drawing,
}: {
  flow: FlowDiagram
  eid: string
  range: Range
  /** What was run, where it was not what is saved. */
  drawing?: Drawing | undefined
}) {
  const { data: run, error, refetch } = useQuery(executionQuery(flow.id, eid))
  const end = useMutation({ mutationFn: () => endRun(flow.id, eid) })
  if (!run) return error ? <Trouble error={error} again={() => refetch()} /> : <Skeleton height={48} />
  if (!isUnderWay(run)) return <RunResult flow={flow} run={run} drawing={drawing} />
  const { readings, done } = progressOf(run.result, range.from, range.to)
  return (
    <div className="stack" role="status" style={{ gap: 8 }}>
      <div className="row spread">
        <span>
          It runs: {readings.toLocaleString('en')} readings
          {done === undefined ? '' : `, ${done} % of the time`}.
        </span>
        <Button variant="default" size="xs" onClick={() => end.mutate()} loading={end.isPending}>
          End it
        </Button>
      </div>
      <Progress
        value={done ?? 100}
        animated={done === undefined}
        striped={done === undefined}
        aria-label="Progress"
      />
      {end.error && <Trouble error={end.error} />}
    </div>
  )
}
