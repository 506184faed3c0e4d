import { Button, Select, Skeleton, UnstyledButton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { type Execution, type ExecutionStatus, executionsQuery, isUnderWay } from '../../../api/flow_runs'
import type { FlowDiagram } from '../../../api/flows'
import { Age } from '../../../parts/Age'
import { Trouble } from '../../../parts/Trouble'
import { Stated } from '../FlowStatus'
import type { Tone } from '../state'
import { Followed } from './Followed'
import { RunResult } from './RunResult'
import classes from './Runs.module.css'

const said: Record<ExecutionStatus, { word: string; tone: Tone }> = {
  pending: { word: 'Starting', tone: 'dim' },
  running: { word: 'Running', tone: 'ok' },
  completed: { word: 'Completed', tone: 'ok' },
  failed: { word: 'Failed', tone: 'bad' },
  stopped: { word: 'Ended', tone: 'dim' },
}

const triggers = { manual: 'Run once', deploy: 'Deployment', replay: 'Over stored readings' } as const

/** The runs of a flow, the newest first; one that is opened shows what its nodes did. */
export function Executions({ flow }: { flow: FlowDiagram }) {
  const [status, setStatus] = useState<ExecutionStatus>()
  const [open, setOpen] = useState<string>()
  const list = useInfiniteQuery(executionsQuery(flow.id, status))
  const runs = list.data?.pages.flatMap(page => page.items)
  return (
    <div className="stack" style={{ gap: 8 }}>
      <Select
        aria-label="Only runs that are"
        size="xs"
        w={160}
        data={[
          { value: '', label: 'All runs' },
          ...Object.entries(said).map(([value, { word }]) => ({ value, label: word })),
        ]}
        value={status ?? ''}
        onChange={next => setStatus((next || undefined) as ExecutionStatus | undefined)}
        allowDeselect={false}
      />
      {!runs &&
        (list.error ? <Trouble error={list.error} again={() => list.refetch()} /> : <Skeleton height={96} />)}
      {runs?.length === 0 && (
        <div className="dim">
          {status
            ? 'None is like this.'
            : 'It has never run. Deploy it, run it once, or run it over stored readings.'}
        </div>
      )}
      {runs && runs.length > 0 && (
        <ul className={classes['list']} aria-label="Runs">
          {runs.map(run => (
            <Run
              key={run.id}
              flow={flow}
              run={run}
              isOpen={open === run.id}
              toggle={() => setOpen(open === run.id ? undefined : run.id)}
            />
          ))}
        </ul>
      )}
      {list.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          onClick={() => list.fetchNextPage()}
          loading={list.isFetchingNextPage}
        >
          Show more
        </Button>
      )}
    </div>
  )
}

function Run({
  flow,
  run,
  isOpen,
  toggle,
}: {
  flow: FlowDiagram
  run: Execution
  isOpen: boolean
  toggle: () => void
}) {
  const { from, to } = run.result as { from?: string; to?: string }
  const [begun, ended] = [Date.parse(run.started_at), run.completed_at && Date.parse(run.completed_at)]
  return (
    <li>
      <UnstyledButton className={classes['run']} onClick={toggle} aria-expanded={isOpen}>
        <span aria-hidden="true">{isOpen ? '▾' : '▸'}</span>
        <Stated said={said[run.status]} />
        <span>
          {triggers[run.trigger]}, version {run.version}
          {run.error_message && <span className={classes['note']}> · {run.error_message}</span>}
          {why(run) && <span className={classes['note']}> · {why(run)}</span>}
          {ended && run.trigger !== 'manual' && (
            <span className={classes['note']}> · lasted {lasted(ended - begun)}</span>
          )}
        </span>
        <span className="dim">
          <Age of={run.started_at} />
        </span>
      </UnstyledButton>
      {isOpen && (
        <div className={classes['inner']}>
          {isUnderWay(run) ? (
            <Followed
              flow={flow}
              eid={run.id}
              range={{ from: Date.parse(from ?? ''), to: Date.parse(to ?? '') }}
            />
          ) : (
            <RunResult flow={flow} run={run} />
          )}
        </div>
      )}
    </li>
  )
}

/** Why a deployment ended. */
function why({ result }: Execution): string | undefined {
  const { why: because, replaced_by } = result as { why?: unknown; replaced_by?: unknown }
  if (typeof replaced_by === 'number') return `replaced by version ${replaced_by}`
  return typeof because === 'string' ? because : undefined
}

function lasted(ms: number): string {
  if (ms < 1_000) return 'less than a second'
  if (ms < 120_000) return `${Math.round(ms / 1_000)} s`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`
  return ms < 172_800_000 ? `${Math.round(ms / 3_600_000)} h` : `${Math.round(ms / 86_400_000)} d`
}
