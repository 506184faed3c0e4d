import { Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useMemo } from 'react'
import { type Execution, executionNodesQuery, type NodeExecution } from '../../../api/flow_runs'
import { drawingOf, type FlowDiagram } from '../../../api/flows'
import { Trouble } from '../../../parts/Trouble'
import { byId, type Drawing, nameOf } from '../diff/drawing'
import { CompareTable } from './CompareTable'
import { NodeTable } from './NodeTable'
import { comparisonOf } from './results'

/** What came of a run: how it differs from what runs, if that was asked, and what each node did. */
export function RunResult({
  flow,
  run,
  drawing,
}: {
  flow: FlowDiagram
  run: Execution
  drawing?: Drawing | undefined
}) {
  const nodes = useMemo(() => byId((drawing ?? drawingOf(flow)).nodes), [drawing, flow])
  const entries = useInfiniteQuery(executionNodesQuery(flow.id, run.id))
  const items = entries.data?.pages.flatMap(page => page.items)
  const comparison = comparisonOf(run.result)
  const name = (id: string) => nameOf(nodes.get(id), id)
  const { readings, seconds } = run.result as { readings?: unknown; seconds?: unknown }
  return (
    <div className="stack" style={{ gap: 12 }}>
      {run.status === 'failed' && (
        <div role="alert" style={{ color: 'var(--bad)' }}>
          It failed: {run.error_message ?? 'nobody wrote down why'}. Choose other readings, or correct the
          flow, and run it again.
        </div>
      )}
      {run.status === 'stopped' && <div>It was ended before its time: there is no result.</div>}
      {typeof readings === 'number' && (
        <div className="dim">
          {readings === 0 ? (
            'There were no readings to run over. Choose another range, or devices that sent something in it.'
          ) : (
            <>
              {readings.toLocaleString('en')} {readings === 1 ? 'reading' : 'readings'}
              {typeof seconds === 'number' && ` in ${seconds < 0.1 ? '0.1' : seconds.toFixed(1)} s`}.
            </>
          )}
        </div>
      )}
      {comparison && <CompareTable comparison={comparison} name={name} entries={items ?? []} />}
      {entries.error && !items && <Trouble error={entries.error} again={() => entries.refetch()} />}
      {entries.isLoading && <Skeleton height={96} />}
      {items && items.length > 0 && <NodeTable entries={inOrder(items)} name={name} />}
      {items?.length === 0 && run.trigger === 'deploy' && (
        <div className="dim">
          Nothing is written down of it yet: after each minute in which something came there is what each node
          did.
        </div>
      )}
    </div>
  )
}

/** The nodes of a run as they work one after the other; minutes and samples of a deployment with the newest first. */
function inOrder(entries: readonly NodeExecution[]): readonly NodeExecution[] {
  return entries.every(({ scope }) => scope === 'run') ? [...entries].reverse() : entries
}
