import { Button, Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { deviceEventsQuery } from '../../api/devices'
import { Age } from '../../parts/Age'
import { Trouble } from '../../parts/Trouble'
import classes from './Device.module.css'
import { happened, more } from './events'

/** What happened to a device, the newest first. */
export function Events({ id }: { id: string }) {
  const list = useInfiniteQuery(deviceEventsQuery(id))
  const events = list.data?.pages.flatMap(({ items }) => items)
  if (list.error && !events) return <Trouble error={list.error} again={() => list.refetch()} />
  if (!events) return <Skeleton height={160} />
  if (events.length === 0) return <div className="panel">Nothing has happened to it yet.</div>
  return (
    <div className="stack">
      <ul className={`panel ${classes['events']}`} aria-label="Events">
        {events.map(event => (
          <li key={event.id}>
            <span>{happened(event.action)}</span>
            <span className="dim">{more(event.details)}</span>
            <span className="dim">
              <Age of={event.at} />
            </span>
          </li>
        ))}
      </ul>
      {list.hasNextPage && (
        <div className="row">
          <Button variant="default" loading={list.isFetchingNextPage} onClick={() => list.fetchNextPage()}>
            Show earlier
          </Button>
        </div>
      )}
    </div>
  )
}
