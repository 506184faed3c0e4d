import { Button, Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { deadLettersQuery, removeDeadLetters } from '../../../api/flow_runs'
import { Trouble } from '../../../parts/Trouble'
import { shown } from '../../../parts/value'
import { Confirm } from '../Confirm'
import { moment } from './moment'
import { useDeviceNames } from './names'
import classes from './Runs.module.css'
import { Scroll } from './Scroll'

/** Records that the flow could not handle and whose error port leads nowhere, the newest first. */
export function DeadLetters({ id, name, may }: { id: string; name: (node: string) => string; may: boolean }) {
  const list = useInfiniteQuery(deadLettersQuery(id))
  const [clears, setClears] = useState(false)
  const letters = list.data?.pages.flatMap(page => page.items)
  const device = useDeviceNames(letters?.map(letter => letter.device_id ?? undefined) ?? [])
  if (!letters) {
    return list.error ? <Trouble error={list.error} again={() => list.refetch()} /> : <Skeleton height={96} />
  }
  if (letters.length === 0) {
    return (
      <div className="dim">
        There is none: every record could be handled, or left by an error port that leads somewhere.
      </div>
    )
  }
  return (
    <div className="stack" style={{ gap: 8 }}>
      <div className="row spread">
        <span className="dim">
          Records that a node could not handle. Connect its “error” port to deal with them in the flow.
        </span>
        {may && (
          <Button variant="default" size="xs" onClick={() => setClears(true)}>
            Remove all
          </Button>
        )}
      </div>
      <Scroll label={'Dead letters'}>
        <table className={classes['table']}>
          <thead>
            <tr>
              <th scope="col">When</th>
              <th scope="col">Node</th>
              <th scope="col">Of</th>
              <th scope="col">Value</th>
              <th scope="col">What was wrong</th>
            </tr>
          </thead>
          <tbody>
            {letters.map(letter => (
              <tr key={letter.id}>
                <td className={classes['time']}>{moment(letter.at)}</td>
                <td>{name(letter.node_id)}</td>
                <td>
                  {[device(letter.device_id ?? undefined), letter.sensor_type].filter(Boolean).join(' · ')}
                </td>
                <td className={classes['value']}>
                  {shown(letter.value)}
                  {letter.is_cut && '…'}
                </td>
                <td>
                  {letter.detail}
                  {letter.skipped > 0 && (
                    <span className="dim">
                      {' '}
                      · {letter.skipped.toLocaleString('en')} more like it are not kept
                    </span>
                  )}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {list.hasNextPage && (
        <Button
          variant="default"
          size="xs"
          onClick={() => list.fetchNextPage()}
          loading={list.isFetchingNextPage}
        >
          Show more
        </Button>
      )}
      {clears && (
        <Confirm
          title="Remove all dead letters?"
          verb="Remove them"
          keep="Keep them"
          act={() => removeDeadLetters(id)}
          onClose={() => setClears(false)}
        >
          <div>What could not be handled is then known by the counts alone. New ones are kept as before.</div>
        </Confirm>
      )}
    </div>
  )
}
