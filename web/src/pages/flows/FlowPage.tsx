import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { metricsQuery } from '../../api/flow_metrics'
import { type FlowDiagram, flowQuery } from '../../api/flows'
import { useOrganization } from '../../organization'
import { BackIcon } from '../../parts/icons'
import { Trouble } from '../../parts/Trouble'
import { Waiting } from '../../parts/Waiting'
import { useMayChange } from './allowed'
import classes from './FlowPage.module.css'
import { FlowStatus } from './FlowStatus'
import { later } from './later'
import { versionOf } from './state'

const Deploy = later(async () => (await import('./deploy/Deploy')).Deploy)
const StopFlow = later(async () => (await import('./FlowDialogs')).StopFlow)

/** What stands above the pages of one flow: what it is called, how it runs, and the way to the others. */
export function FlowPage({
  id,
  title,
  children,
}: {
  id: string
  title: string
  children: (flow: FlowDiagram, may: boolean) => ReactNode
}) {
  const { data, error, refetch } = useQuery({ ...flowQuery(id), refetchInterval: 10_000 })
  const organization = useOrganization()
  return (
    <div className="stack">
      <Link to="/flows" className="row" style={{ gap: 4, alignSelf: 'flex-start' }}>
        <BackIcon />
        Flows
      </Link>
      {!data && (error ? <Trouble error={error} again={() => refetch()} /> : <Waiting />)}
      {data && organization && (
        <Of flow={data.flow} organization={organization.id} title={title}>
          {children}
        </Of>
      )}
    </div>
  )
}

function Of({
  flow,
  organization,
  title,
  children,
}: {
  flow: FlowDiagram
  organization: string
  title: string
  children: (flow: FlowDiagram, may: boolean) => ReactNode
}) {
  const may = useMayChange(organization)(flow)
  const { data: metrics } = useQuery(metricsQuery(flow.id, 5_000))
  const [does, setDoes] = useState<'deploy' | 'stop'>()
  const params = { id: flow.id }
  const state = metrics && (metrics.state !== 'stopped' || flow.is_active) ? metrics.state : 'draft'
  return (
    <>
      <title>{`${title}: ${flow.name} · EdgeSync`}</title>
      <div className="row spread">
        <div style={{ minWidth: 0 }}>
          <div className="row">
            <h1 style={{ margin: 0, overflowWrap: 'anywhere' }}>{flow.name}</h1>
            <FlowStatus state={state} />
          </div>
          <div className="dim">
            Version that runs: {versionOf(flow)}
            {metrics?.reason && <> · {metrics.reason}</>}
          </div>
        </div>
        {may && (
          <div className="row">
            {flow.is_active && (
              <Button variant="default" onClick={() => setDoes('stop')}>
                Stop
              </Button>
            )}
            <Button onClick={() => setDoes('deploy')}>Deploy</Button>
          </div>
        )}
      </div>
      <nav className={classes['tabs']} aria-label="Of this flow">
        <Link to="/flows/$id" params={params} activeOptions={{ exact: true }}>
          Editor
        </Link>
        <Link to="/flows/$id/versions" params={params}>
          Versions
        </Link>
        <Link to="/flows/$id/runs" params={params}>
          Runs
        </Link>
      </nav>
      {children(flow, may)}
      {does === 'deploy' && <Deploy id={flow.id} onClose={() => setDoes(undefined)} />}
      {does === 'stop' && <StopFlow flow={flow} onClose={() => setDoes(undefined)} />}
    </>
  )
}
