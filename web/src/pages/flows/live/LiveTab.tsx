import { Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { metricsQuery, type NodeMetrics } from '../../../api/flow_metrics'
import { useEditor } from '../../../flow/store'
import { Age } from '../../../parts/Age'
import { Trouble } from '../../../parts/Trouble'
import { shown } from '../../../parts/value'
import { Stated } from '../FlowStatus'
import type { Said } from '../state'
import classes from './Live.module.css'
import { nodeOf, rateText } from './rates'
import { useRecords } from './useRecords'

const LAST = 8

/** What a node does in the version that runs. */
export function LiveTab({ node }: { node: string }) {
  const flow = useEditor(state => state.saved?.flow)
  const {
    data: metrics,
    error,
    refetch,
  } = useQuery({ ...metricsQuery(flow?.id ?? ''), enabled: flow !== undefined })
  if (!flow) return null
  if (!metrics) return error ? <Trouble error={error} again={() => refetch()} /> : <Skeleton height={160} />
  const counts = nodeOf(metrics, node)
  if (metrics.version === undefined || metrics.version === null) {
    return (
      <div className="dim">
        {metrics.reason
          ? `The flow does not run: ${metrics.reason}`
          : 'The flow does not run. Deploy it to see what comes through.'}
      </div>
    )
  }
  if (!counts) {
    return (
      <div className="dim">
        Nothing of it runs: it is not in version {metrics.version}, which is deployed, or it is a note. Deploy
        the draft to see what comes through.
      </div>
    )
  }
  return <Of flow={flow.id} counts={counts} />
}

const health: Record<NodeMetrics['state'], Said> = {
  ok: { word: 'Works', tone: 'ok', help: 'It handles what comes.' },
  degraded: { word: 'Has errors', tone: 'warn', help: 'Records went to its error port just now.' },
  failed: { word: 'Failed', tone: 'bad', help: 'It broke: all its records go to its error port.' },
}

function Of({ flow, counts }: { flow: string; counts: NodeMetrics }) {
  const rows = [
    ['In', counts.records_in, counts.in_per_s],
    ['Out', counts.records_out, counts.out_per_s],
    ['Made beside', counts.records_made],
    ['Left out, or folded', counts.filtered],
    ['Late', counts.late],
    ['Errors', counts.errors],
    ['No room', counts.dropped],
    ['Held', counts.in_flight],
  ] as const
  const reasons = Object.entries(counts.reasons)
  return (
    <div className="stack" style={{ gap: 12 }}>
      <Stated said={health[counts.state]} />
      <dl className={classes['counts']}>
        {rows
          .filter(([name, count]) => count > 0 || name === 'In' || name === 'Out' || name === 'Errors')
          .map(([name, count, rate]) => (
            <div key={name} data-bad={(name === 'Errors' || name === 'No room') && count > 0}>
              <dt>{name}</dt>
              <dd>
                {count.toLocaleString('en')}
                {rate !== undefined && <span className="dim"> {rateText(rate)}</span>}
              </dd>
            </div>
          ))}
      </dl>
      {reasons.length > 0 && (
        <div className={classes['note']}>
          {reasons
            .map(([reason, count]) => `${reason.replaceAll('_', ' ')}: ${count.toLocaleString('en')}`)
            .join(', ')}
        </div>
      )}
      {counts.error_samples.length > 0 && (
        <section>
          <h3 className={classes['head']}>Newest errors</h3>
          <ul className={classes['list']}>
            {counts.error_samples.slice(-5).map(sample => (
              <li key={`${sample.at} ${sample.code} ${sample.timestamp}`}>
                <span>{sample.detail || sample.code}</span>
                <span className="dim">
                  {sample.sensor_type} <Age of={sample.at} />
                </span>
              </li>
            ))}
          </ul>
        </section>
      )}
      <Last flow={flow} node={counts.id} />
    </div>
  )
}

function Last({ flow, node }: { flow: string; node: string }) {
  const { records, error } = useRecords(flow, node)
  if (error && !records) return <Trouble error={error} />
  const last = records?.slice(-LAST).reverse()
  return (
    <section>
      <h3 className={classes['head']}>Last values</h3>
      {last?.length === 0 && <div className="dim">Nothing has left it since somebody looked.</div>}
      <ul className={classes['list']}>
        {last?.map((record, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: records have no name of their own
          <li key={index}>
            <span className="mono">{shown(record.raw_data ?? record.value)}</span>
            <span className="dim">
              <Age of={record.timestamp} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
