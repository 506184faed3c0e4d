import { Button, Radio, Textarea } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import type { Schemas } from '../../../api/client'
import { runFlow } from '../../../api/flow_runs'
import { drawingOf, type FlowDiagram, written } from '../../../api/flows'
import { Trouble } from '../../../parts/Trouble'
import { byId, type Drawing, nameOf } from '../diff/drawing'
import { sourcesOf, triggerData } from './given'
import { RunResult } from './RunResult'

/** Runs a flow once, with values that somebody writes or the newest stored readings. */
export function RunOnce({ flow, drawing }: { flow: FlowDiagram; drawing?: Drawing | undefined }) {
  const [way, setWay] = useState('newest')
  const [lines, setLines] = useState<ReadonlyMap<string, string>>(new Map())
  const [wrong, setWrong] = useState<string>()
  const drawn = useMemo(() => drawing ?? drawingOf(flow), [drawing, flow])
  const nodes = useMemo(() => byId(drawn.nodes), [drawn])
  const sources = sourcesOf(drawn)
  const run = useMutation({
    mutationFn: (given: object) =>
      runFlow(flow.id, { ...(drawing ? written(drawing) : {}), ...given } as Schemas['RunFlow']),
  })
  const begin = () => {
    const given = way === 'newest' ? undefined : triggerData(lines)
    setWrong(given && 'trouble' in given ? given.trouble : undefined)
    if (given && 'trouble' in given) return
    run.mutate(given ? { trigger_data: given.data } : {})
  }
  return (
    <div className="stack">
      <div className="dim">
        The draft is run once, apart from what runs, and time goes on until nothing is due, so that windows
        close. Nothing of it reaches dashboards, stored series or the world.
      </div>
      <Radio.Group label="Give it" value={way} onChange={setWay}>
        <div className="row" style={{ marginTop: 8, gap: 16 }}>
          <Radio value="newest" label="The newest stored readings" />
          <Radio value="values" label="Values that I write" />
        </div>
      </Radio.Group>
      {way === 'values' &&
        (sources.length === 0 ? (
          <div>No node of it takes readings. Add a source to it first.</div>
        ) : (
          sources.map(id => (
            <Textarea
              key={id}
              label={nameOf(nodes.get(id), id)}
              description={
                'One value a line: 21.5, or {"value": 21.5, "unit": "C", "sensor_type": "temperature", "timestamp": "2026-01-31T12:00:00Z"}. What is left out is its first device and sensor, now.'
              }
              value={lines.get(id) ?? ''}
              onChange={event => {
                const text = event.currentTarget.value
                setLines(before => new Map(before).set(id, text))
              }}
              autosize
              minRows={2}
              maxRows={8}
              spellCheck={false}
              styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
            />
          ))
        ))}
      {wrong && (
        <div role="alert" style={{ color: 'var(--bad)' }}>
          {wrong}
        </div>
      )}
      {run.error && <Trouble error={run.error} />}
      <div>
        <Button onClick={begin} loading={run.isPending} disabled={way === 'values' && sources.length === 0}>
          Run it once
        </Button>
      </div>
      {run.data && <RunResult key={run.data.id} flow={flow} run={run.data} drawing={drawing} />}
    </div>
  )
}
