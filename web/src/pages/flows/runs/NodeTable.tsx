import { UnstyledButton } from '@mantine/core'
import { useState } from 'react'
import type { NodeExecution } from '../../../api/flow_runs'
import { shown } from '../../../parts/value'
import { moment } from './moment'
import { useDeviceNames } from './names'
import classes from './Runs.module.css'
import { recordsOf } from './results'
import { Scroll } from './Scroll'

/** What each node did: counts, and the first few records of it when it is opened. */
export function NodeTable({
  entries,
  name,
}: {
  entries: readonly NodeExecution[]
  name: (node: string) => string
}) {
  const [open, setOpen] = useState<string>()
  // an entry about a minute or a single record has its time; those of a run do not differ in it
  const hasTimes = entries.some(({ scope }) => scope !== 'run')
  return (
    <Scroll label={'What each node did'}>
      <table className={classes['table']}>
        <caption>What each node did</caption>
        <thead>
          <tr>
            <th scope="col">Node</th>
            {hasTimes && <th scope="col">When</th>}
            <th scope="col" className={classes['number']}>
              In
            </th>
            <th scope="col" className={classes['number']}>
              Out
            </th>
            <th scope="col" className={classes['number']}>
              Errors
            </th>
            <th scope="col" className={classes['number']}>
              Time
            </th>
          </tr>
        </thead>
        <tbody>
          {entries.map(entry => (
            <Entry
              key={entry.id}
              entry={entry}
              name={name(entry.node_id)}
              hasTimes={hasTimes}
              isOpen={open === entry.id}
              toggle={() => setOpen(open === entry.id ? undefined : entry.id)}
            />
          ))}
        </tbody>
      </table>
    </Scroll>
  )
}

const scopes = { run: '', minute: 'a minute up to ', sample: 'one record, ' } as const

function Entry({
  entry,
  name,
  hasTimes,
  isOpen,
  toggle,
}: {
  entry: NodeExecution
  name: string
  hasTimes: boolean
  isOpen: boolean
  toggle: () => void
}) {
  const { records_in, records_out, errors, duration_ms, scope } = entry
  const count = (n: number) => <td className={classes['number']}>{n.toLocaleString('en')}</td>
  return (
    <>
      <tr>
        <th scope="row">
          {scope === 'minute' ? (
            name
          ) : (
            <UnstyledButton
              onClick={toggle}
              aria-expanded={isOpen}
              style={{ fontSize: 'inherit', color: 'var(--accent)' }}
            >
              {name}
            </UnstyledButton>
          )}
        </th>
        {hasTimes && (
          <td>
            {scopes[scope]}
            {moment(entry.executed_at)}
          </td>
        )}
        {count(records_in)}
        {count(records_out)}
        <td className={classes['number']} style={errors > 0 ? { color: 'var(--bad)' } : {}}>
          {errors.toLocaleString('en')}
        </td>
        <td className={classes['number']}>{duration_ms < 1 ? '< 1 ms' : `${Math.round(duration_ms)} ms`}</td>
      </tr>
      {isOpen && (
        <tr>
          <td colSpan={hasTimes ? 6 : 5}>
            <Records entry={entry} />
          </td>
        </tr>
      )}
    </>
  )
}

/** The first few records that came and left. */
function Records({ entry }: { entry: NodeExecution }) {
  const ports = recordsOf(entry.input_data, entry.output_data)
  const device = useDeviceNames(ports.flatMap(({ records }) => records.map(record => record.device)))
  if (ports.length === 0) {
    // samples of a deployment are told in another form: as they were written down
    const told = { ...entry.input_data, ...entry.output_data }
    return Object.keys(told).length > 0 ? (
      <pre style={{ margin: 0, whiteSpace: 'pre-wrap' }}>{JSON.stringify(told, null, 1)}</pre>
    ) : (
      <span className="dim">No record came to it.</span>
    )
  }
  return (
    <>
      {ports.map(({ port, records }) => (
        <table key={port} className={`${classes['table']} ${classes['records']}`}>
          <caption>
            {port === 'in'
              ? `Came in (the first ${records.length})`
              : `Left by ${port} (the first ${records.length})`}
          </caption>
          <tbody>
            {records.map((record, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: records have no name of their own, and none moves
              <tr key={index}>
                <td className={classes['time']}>{moment(record.timestamp)}</td>
                <td>{[device(record.device), record.sensor].filter(Boolean).join(' · ')}</td>
                <td className={classes['value']}>
                  {shown(record.value)}
                  {record.unit && ` ${record.unit}`}
                </td>
                <td className={classes['missing']}>
                  {record.reason}
                  {record.fields &&
                    Object.entries(record.fields)
                      .map(([key, value]) => `${key} ${shown(value)}`)
                      .join(', ')}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </>
  )
}
