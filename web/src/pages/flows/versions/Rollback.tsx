import { Button, Modal, Skeleton } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { checkQuery, deployFlow, type FlowDiagram } from '../../../api/flows'
import { Trouble } from '../../../parts/Trouble'
import { kindOf, type Verdict } from '../deploy/change'
import { ProblemList } from '../deploy/ProblemList'
import { Running } from '../deploy/Running'
import { DiffView } from '../diff/DiffView'
import type { Drawing } from '../diff/drawing'
import { useDrawing } from './Compare'

const NONE: Drawing = { nodes: [], edges: [] }

/** Runs a version of before in place of what runs. The draft stays as it is. */
export function Rollback({
  flow,
  version,
  onClose,
}: {
  flow: FlowDiagram
  version: number
  onClose: () => void
}) {
  const [drawing, error] = useDrawing(flow, version)
  const [running] = useDrawing(flow, flow.deployed_version ?? version)
  const check = useQuery({
    ...checkQuery(flow.id, `version ${version}`, drawing ?? NONE),
    enabled: !!drawing,
  })
  const deploy = useMutation({ mutationFn: () => deployFlow(flow.id, { version }) })
  const verdict: Verdict | undefined = check.data
  const kind = verdict?.valid ? kindOf(verdict) : undefined
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Roll ${flow.name} back to version ${version}?`}
      size="xl"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {deploy.isPending || deploy.data ? (
        <Running id={flow.id} version={deploy.data?.flow.deployed_version} onClose={onClose} />
      ) : (
        <div className="stack">
          <div>
            {flow.deployed_version === null
              ? `Nothing of the flow runs now; version ${version} will, as it was deployed first.`
              : `Version ${version} takes the place of version ${flow.deployed_version}, as it was deployed first.`}{' '}
            The draft stays as it is.
          </div>
          {error !== undefined && <Trouble error={error} />}
          {flow.deployed_version !== null &&
            (drawing && running ? (
              <DiffView
                base={running}
                other={drawing}
                of={`What changes from version ${flow.deployed_version} to version ${version}`}
              />
            ) : (
              <Skeleton height={240} />
            ))}
          {kind && (
            <div>
              <strong>{kind.word}.</strong> {kind.says}
            </div>
          )}
          {drawing && verdict && !verdict.valid && (
            <ProblemList problems={verdict.problems} flow={flow} drawing={drawing} pick={undefined} />
          )}
          {deploy.error && <Trouble error={deploy.error} />}
          <div className="row" style={{ justifyContent: 'flex-end' }}>
            <Button variant="default" onClick={onClose} data-autofocus>
              Leave it as it is
            </Button>
            <Button onClick={() => deploy.mutate()} disabled={!verdict?.valid}>
              Roll back
            </Button>
          </div>
        </div>
      )}
    </Modal>
  )
}
