import type { NodeExecution } from '../../../api/flow_runs'
import { CheckIcon, WarnIcon } from '../../../parts/icons'
import { shown } from '../../../parts/value'
import { moment } from './moment'
import { useDeviceNames } from './names'
import classes from './Runs.module.css'
import { type Compared, type Comparison, differing, recordsOf } from './results'
import { Scroll } from './Scroll'

/** What left the last nodes of the draft beside what left those that run: differences first, then some of what is the same. */
export function CompareTable({
  comparison,
  name,
  entries,
}: {
  comparison: Comparison
  name: (node: string) => string
  entries: readonly NodeExecution[]
}) {
  const { isSame, nodes } = comparison
  const records = nodes.reduce((sum, node) => sum + node.same, 0)
  const differ = nodes.reduce((sum, node) => sum + differing(node), 0)
  return (
    <section className="stack" style={{ gap: 8 }} aria-label="Compared with what runs">
      {isSame ? (
        <div className="row" style={{ color: 'var(--ok)', flexWrap: 'nowrap' }}>
          <CheckIcon />
          <strong>
            {records === 0
              ? 'Neither put anything out.'
              : `The draft puts out the same as what runs: ${records.toLocaleString('en')} records.`}
          </strong>
        </div>
      ) : (
        <div className="row" style={{ color: 'var(--warn)', flexWrap: 'nowrap' }}>
          <WarnIcon />
          <strong>
            {differ.toLocaleString('en')} {differ === 1 ? 'record differs' : 'records differ'},{' '}
            {records.toLocaleString('en')} {records === 1 ? 'is' : 'are'} the same.
          </strong>
        </div>
      )}
      {nodes.map(node => (
        <OfNode
          key={node.node}
          of={node}
          name={name(node.node)}
          entry={entries.find(({ node_id }) => node_id === node.node)}
        />
      ))}
    </section>
  )
}

/** One of the last nodes. */
function OfNode({ of, name, entry }: { of: Compared; name: string; entry: NodeExecution | undefined }) {
  const put = entry
    ? (recordsOf({}, entry.output_data).find(({ port }) => port === 'out')?.records ?? [])
    : []
  const rows = of.differences
  const isKnown = (record: (typeof put)[number]) =>
    !rows.some(
      row =>
        row.timestamp === record.timestamp && row.device === record.device && row.sensor === record.sensor,
    )
  const alike = of.same > 0 ? put.filter(isKnown).slice(0, 3) : []
  const device = useDeviceNames([...rows, ...alike].map(row => row.device))
  const counts = [
    [of.changed, 'changed'],
    [of.onlyDraft, 'only by the draft'],
    [of.onlyDeployed, 'only by what runs'],
    [of.same, 'the same'],
  ] as const
  const told = counts.flatMap(([n, word]) => (n > 0 ? [`${n.toLocaleString('en')} ${word}`] : []))
  const series = (row: { device: string | undefined; sensor: string | undefined }) =>
    [device(row.device), row.sensor].filter(Boolean).join(' · ')
  return (
    <Scroll label={`Differences of ${name}`}>
      <table className={classes['table']}>
        <caption>
          {name}: {told.length > 0 ? told.join(', ') : 'nothing by either'}
          {of.isCut && '. There were more than are compared.'}
        </caption>
        {rows.length + alike.length > 0 && (
          <>
            <thead>
              <tr>
                <th scope="col">Time</th>
                <th scope="col">Of</th>
                <th scope="col">What runs</th>
                <th scope="col">The draft</th>
              </tr>
            </thead>
            <tbody>
              {rows.map((row, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: two records may be alike in all that is told, and none moves
                <tr key={index}>
                  <td className={classes['time']}>{moment(row.timestamp)}</td>
                  <td>{series(row)}</td>
                  <Cell value={row.deployed} />
                  <Cell value={row.draft} />
                </tr>
              ))}
              {alike.map((record, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: as above
                <tr key={`same ${index}`} className={classes['missing']}>
                  <td className={classes['time']}>{moment(record.timestamp)}</td>
                  <td>{series(record)}</td>
                  <td colSpan={2} className={classes['value']}>
                    {shown(record.value)} by both
                  </td>
                </tr>
              ))}
            </tbody>
          </>
        )}
      </table>
    </Scroll>
  )
}

function Cell({ value }: { value: unknown }) {
  return value === undefined ? (
    <td className={classes['missing']}>nothing</td>
  ) : (
    <td className={classes['value']}>{shown(value)}</td>
  )
}
