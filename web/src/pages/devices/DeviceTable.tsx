import { Checkbox, Skeleton, UnstyledButton } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useEffect, useRef } from 'react'
import type { Device, DeviceSort } from '../../api/queries'
import { Age } from '../../parts/Age'
import { Status } from '../../parts/Status'
import classes from './DeviceTable.module.css'

const ROW = 40

interface Props {
  /** Nothing while the first page is on its way. */
  devices: Device[] | undefined
  sort: DeviceSort
  /** Which list it is: another one is looked at from its beginning. */
  of: string
  onSort: (sort: DeviceSort) => void
  /** Asks for the next page, if there is one. */
  more: (() => unknown) | undefined
  /** Which are chosen, for who may do something with them. */
  chosen: ReadonlySet<string> | undefined
  onChoose: (chosen: ReadonlySet<string>) => void
}

/** Rows of which only those are made that can be seen. */
export function DeviceTable({ devices, sort, of, onSort, more, chosen, onChoose }: Props) {
  const scroller = useRef<HTMLDivElement>(null)
  const count = devices?.length ?? 0
  const rows = useVirtualizer({
    count,
    estimateSize: () => ROW,
    getScrollElement: () => scroller.current,
    overscan: 12,
  })
  const shown = rows.getVirtualItems()
  const [first, last] = [shown[0], shown.at(-1)]
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is the change that matters
  useEffect(() => scroller.current?.scrollTo(0, 0), [of])
  const isNearEnd = last !== undefined && last.index >= count - 40
  useEffect(() => {
    if (isNearEnd) more?.()
  }, [isNearEnd, more])
  const column = (name: string, up: DeviceSort, down: DeviceSort, startsDown = false) => {
    const order = sort === up ? 'ascending' : sort === down ? 'descending' : undefined
    const next = order === undefined ? (startsDown ? down : up) : sort === up ? down : up
    return (
      <th aria-sort={order ?? 'none'} scope="col" className={startsDown ? classes['seen'] : undefined}>
        <UnstyledButton onClick={() => onSort(next)} className={classes['sort']}>
          {name}
          <span aria-hidden="true">{order === 'ascending' ? '↑' : order === 'descending' ? '↓' : ''}</span>
        </UnstyledButton>
      </th>
    )
  }
  const isWhole = count > 0 && devices?.every(({ id }) => chosen?.has(id)) === true
  const flip = (id: string) => {
    const next = new Set(chosen)
    if (!next.delete(id)) next.add(id)
    onChoose(next)
  }
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <section ref={scroller} className={classes['scroller']} tabIndex={0} aria-label="Devices">
      <table className={classes['table']} aria-rowcount={more ? -1 : count + 1} aria-busy={!devices}>
        <thead>
          <tr>
            {chosen && (
              <th scope="col" className={classes['choice']}>
                <Checkbox
                  size="xs"
                  aria-label="Choose all that are loaded"
                  checked={isWhole}
                  indeterminate={!isWhole && chosen.size > 0}
                  onChange={() => onChoose(new Set(isWhole ? [] : devices?.map(({ id }) => id)))}
                  disabled={count === 0}
                />
              </th>
            )}
            {column('Name', 'name', '-name')}
            <th scope="col" className={classes['status']}>
              Status
            </th>
            {column('Last seen', 'last_seen', '-last_seen', true)}
            <th scope="col" className={classes['wide']}>
              Kind
            </th>
            <th scope="col" className={classes['wide']}>
              Description
            </th>
          </tr>
        </thead>
        <tbody>
          {first && first.start > 0 && <Room height={first.start} />}
          {shown.map(({ index }) => {
            const device = devices?.[index]
            return (
              device && (
                <Row
                  key={device.id}
                  device={device}
                  index={index}
                  isChosen={chosen?.has(device.id)}
                  flip={flip}
                />
              )
            )
          })}
          {last && rows.getTotalSize() > last.end && <Room height={rows.getTotalSize() - last.end} />}
        </tbody>
      </table>
      {!devices && (
        <div style={{ padding: 8 }} role="status" aria-label="Loading">
          {[1, 2, 3, 4].map(n => (
            <Skeleton key={n} height={24} my={8} />
          ))}
        </div>
      )}
      {count === 0 && devices && (
        <div className={classes['none']}>
          None is like this. Search for something else, or take away the filter.
        </div>
      )}
    </section>
  )
}

/** Stands for the rows that cannot be seen. */
function Room({ height }: { height: number }) {
  // biome-ignore lint/a11y/noAriaHiddenOnFocusable: a row of a table takes no focus
  return <tr style={{ height }} aria-hidden="true" />
}

interface RowProps {
  device: Device
  index: number
  /** Nothing where none can be chosen. */
  isChosen: boolean | undefined
  flip: (id: string) => void
}

function Row({ device, index, isChosen, flip }: RowProps) {
  return (
    <tr style={{ height: ROW }} aria-rowindex={index + 2} data-chosen={isChosen}>
      {isChosen !== undefined && (
        <td className={classes['choice']}>
          <Checkbox
            size="xs"
            aria-label={`Choose ${device.name}`}
            checked={isChosen}
            onChange={() => flip(device.id)}
          />
        </td>
      )}
      <th scope="row">
        <Link to="/devices/$id" params={{ id: device.id }}>
          {device.name}
        </Link>
      </th>
      <td>
        <Status device={device} />
      </td>
      <td>
        <Age of={device.last_seen} />
      </td>
      <td className={classes['wide']}>{device.device_type}</td>
      <td className={classes['wide']}>{device.description}</td>
    </tr>
  )
}
