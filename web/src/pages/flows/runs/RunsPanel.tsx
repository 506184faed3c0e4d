import { Tabs } from '@mantine/core'
import { useMemo } from 'react'
import { drawingOf, type FlowDiagram } from '../../../api/flows'
import { byId, type Drawing, nameOf } from '../diff/drawing'
import { later } from '../later'
import { Executions } from './Executions'
import classes from './Runs.module.css'

const DeadLetters = later(async () => (await import('./DeadLetters')).DeadLetters, 96)
const RunOnce = later(async () => (await import('./RunOnce')).RunOnce, 96)
const TestRun = later(async () => (await import('./TestRun')).TestRun, 96)

/** The runs of a flow, what it could not handle, and running it by hand. */
export function RunsPanel({
  flow,
  drawing,
  may,
}: {
  flow: FlowDiagram
  /** What is run by hand, where it is not what is saved. */
  drawing?: Drawing
  /** Whether one may run it. */
  may: boolean
}) {
  const nodes = useMemo(() => byId((drawing ?? drawingOf(flow)).nodes), [drawing, flow])
  const name = (id: string) => nameOf(nodes.get(id), id)
  return (
    <Tabs defaultValue="runs" keepMounted={false} classNames={{ tab: classes['tab'] ?? '' }}>
      <Tabs.List>
        <Tabs.Tab value="runs">Runs</Tabs.Tab>
        <Tabs.Tab value="dead">Dead letters</Tabs.Tab>
        {may && <Tabs.Tab value="once">Run once</Tabs.Tab>}
        {may && <Tabs.Tab value="test">Test</Tabs.Tab>}
      </Tabs.List>
      <Tabs.Panel value="runs" pt="sm">
        <Executions flow={flow} />
      </Tabs.Panel>
      <Tabs.Panel value="dead" pt="sm">
        <DeadLetters id={flow.id} name={name} may={may} />
      </Tabs.Panel>
      <Tabs.Panel value="once" pt="sm">
        <RunOnce flow={flow} {...(drawing ? { drawing } : {})} />
      </Tabs.Panel>
      <Tabs.Panel value="test" pt="sm">
        <TestRun flow={flow} {...(drawing ? { drawing } : {})} />
      </Tabs.Panel>
    </Tabs>
  )
}
