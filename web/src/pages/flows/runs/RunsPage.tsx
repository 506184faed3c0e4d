import { getRouteApi } from '@tanstack/react-router'
import { FlowPage } from '../FlowPage'
import { RunsPanel } from './RunsPanel'

const route = getRouteApi('/inside/flows/$id/runs')

/** What a flow did: deployments, runs, dead letters. */
export function RunsPage() {
  const { id } = route.useParams()
  return (
    <FlowPage id={id} title="Runs">
      {(flow, may) => (
        <section className="panel">
          <RunsPanel flow={flow} may={may} />
        </section>
      )}
    </FlowPage>
  )
}
