import { Button, Modal, Skeleton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import {
  checkQuery,
  deployFlow,
  drawingOf,
  type FlowProblem,
  flowQuery,
  type Tagged,
  versionQuery,
} from '../../../api/flows'
import { Problem } from '../../../api/problem'
import { Trouble } from '../../../parts/Trouble'
import { DiffPicture } from '../diff/DiffPicture'
import { DiffView } from '../diff/DiffView'
import type { Drawing } from '../diff/drawing'
import { later } from '../later'
import { kindOf, type Verdict } from './change'
import { ProblemList } from './ProblemList'
import { Running } from './Running'

const TestRun = later(async () => (await import('../runs/TestRun')).TestRun, 96)

const NO_DRAWING: Drawing = { nodes: [], edges: [] }

/** Deploys the saved draft of a flow: what it changes, what is wrong with it, and how far it is. */
export function Deploy({
  id,
  onClose,
  pick,
  deployed,
}: {
  id: string
  onClose: () => void
  /** Shows the place of a problem; the flow is opened for that where it is not. */
  pick?: (problem: FlowProblem) => void
  /** It runs. */
  deployed?: (now: Tagged) => void
}) {
  const saved = useQuery({ ...flowQuery(id), staleTime: 0, refetchOnMount: 'always' })
  const deploy = useMutation({
    mutationFn: (etag: string) => deployFlow(id, { etag }),
    ...(deployed ? { onSuccess: deployed } : {}),
  })
  const name = saved.data?.flow.name ?? 'the flow'
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Deploy ${name}`}
      size="xl"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {saved.error && !saved.data && <Trouble error={saved.error} again={() => saved.refetch()} />}
      {!saved.data && !saved.error && <Skeleton height={240} />}
      {saved.data && (deploy.isPending || deploy.data) ? (
        <Running id={id} version={deploy.data?.flow.deployed_version} onClose={onClose} />
      ) : (
        saved.data && (
          <Look
            key={saved.data.etag}
            saved={saved.data}
            isFresh={!saved.isFetching}
            error={deploy.error}
            deploy={() => deploy.mutate(saved.data.etag)}
            again={() => {
              deploy.reset()
              void saved.refetch()
            }}
            onClose={onClose}
            pick={pick}
          />
        )
      )}
    </Modal>
  )
}

/** What would be deployed, before it is. */
function Look({
  saved: { flow, etag },
  isFresh,
  error,
  deploy,
  again,
  onClose,
  pick,
}: {
  saved: Tagged
  isFresh: boolean
  error: unknown
  deploy: () => void
  again: () => void
  onClose: () => void
  pick: ((problem: FlowProblem) => void) | undefined
}) {
  const [tests, setTests] = useState(false)
  const draft = useMemo(() => drawingOf(flow), [flow])
  const number = flow.deployed_version
  const running = useQuery({ ...versionQuery(flow.id, number ?? 0), enabled: number !== null })
  const base = useMemo(() => (running.data ? drawingOf(running.data) : undefined), [running.data])
  const check = useQuery({ ...checkQuery(flow.id, etag, draft), staleTime: 0 })
  const verdict: Verdict | undefined = check.data
  const isStale = error instanceof Problem && error.status === 412
  const isRefused = error instanceof Problem && error.status === 422
  const { refetch } = check
  useEffect(() => {
    // something that it names has gone since it was checked
    if (isRefused) void refetch()
  }, [isRefused, refetch])
  const kind = verdict?.valid ? kindOf(verdict) : undefined
  return (
    <div className="stack">
      {number === null ? (
        <First flow={flow} drawing={draft} />
      ) : base ? (
        <DiffView base={base} other={draft} of={`What the draft changes of version ${number}, which runs`} />
      ) : running.error ? (
        <Trouble error={running.error} again={() => running.refetch()} />
      ) : (
        <Skeleton height={240} />
      )}
      {kind && (
        <div>
          <strong>{kind.word}.</strong> {kind.says}
        </div>
      )}
      {check.error && <Trouble error={check.error} again={() => check.refetch()} />}
      {verdict && !verdict.valid && (
        <ProblemList problems={verdict.problems} flow={flow} drawing={draft} pick={pick} />
      )}
      {error !== null && !isStale && <Trouble error={error} />}
      {isStale && <Trouble error={error} again={again} />}
      {tests && (
        <section className="panel">
          <h3 style={{ marginTop: 0 }}>Test it over recorded readings</h3>
          <TestRun flow={flow} />
        </section>
      )}
      <div className="row spread">
        <Button variant="default" onClick={() => setTests(true)} disabled={tests || !verdict?.valid}>
          Test it first
        </Button>
        <div className="row">
          <Button variant="default" onClick={onClose}>
            Not now
          </Button>
          <Button onClick={deploy} disabled={!verdict?.valid || !isFresh || isStale} data-autofocus>
            {number === null ? 'Deploy it' : `Deploy in place of ${number}`}
          </Button>
        </div>
      </div>
    </div>
  )
}

function First({ flow, drawing }: { flow: Tagged['flow']; drawing: Drawing }) {
  const [nodes, edges] = [drawing.nodes.length, drawing.edges.length]
  return (
    <>
      <DiffPicture base={NO_DRAWING} other={drawing} changes={[]} label={`The draft of ${flow.name}`} />
      <div>
        Nothing of it runs now. {nodes === 1 ? '1 node' : `${nodes} nodes`} and{' '}
        {edges === 1 ? '1 edge' : `${edges} edges`} will.
      </div>
    </>
  )
}
