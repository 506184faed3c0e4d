import { Button } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useState } from 'react'
import { runFlow } from '../../../api/flow_runs'
import { type FlowDiagram, written } from '../../../api/flows'
import { Trouble } from '../../../parts/Trouble'
import type { Drawing } from '../diff/drawing'
import { Followed } from './Followed'
import { RangeSelect, rangeOf, useRange } from './RangeSelect'
import type { Range } from './range'

/** Runs a draft over recorded readings: what it would have put out, beside what that which runs did. */
export function TestRun({ flow, drawing }: { flow: FlowDiagram; drawing?: Drawing }) {
  const [chosen, choose] = useRange()
  const [wrong, setWrong] = useState<string>()
  const [ran, setRan] = useState<{ eid: string; range: Range }>()
  const compares = flow.deployed_version !== null
  const run = useMutation({
    mutationFn: async (range: Range) => {
      const execution = await runFlow(flow.id, {
        from: range.from,
        to: range.to,
        ...(drawing ? written(drawing) : {}),
        ...(compares ? { compare_with: 'deployed' } : {}),
      })
      setRan({ eid: execution.id, range })
    },
  })
  const begin = () => {
    const range = rangeOf(chosen, Date.now())
    setWrong('trouble' in range ? range.trouble : undefined)
    if (!('trouble' in range)) run.mutate(range)
  }
  return (
    <div className="stack">
      <div className="dim">
        {compares
          ? `The draft and version ${flow.deployed_version}, which runs, are given the same readings. Nothing of it reaches dashboards, stored series or the world.`
          : 'Nothing runs to compare with: it is shown what the draft would have put out. Nothing of it reaches dashboards, stored series or the world.'}
      </div>
      <div className="row" style={{ alignItems: 'flex-end' }}>
        <RangeSelect chosen={chosen} onChange={choose} />
        <Button variant="default" onClick={begin} loading={run.isPending}>
          {compares ? 'Run and compare' : 'Run it'}
        </Button>
      </div>
      {wrong && (
        <div role="alert" style={{ color: 'var(--bad)' }}>
          {wrong}
        </div>
      )}
      {run.error && <Trouble error={run.error} />}
      {ran && <Followed key={ran.eid} flow={flow} eid={ran.eid} range={ran.range} drawing={drawing} />}
    </div>
  )
}
