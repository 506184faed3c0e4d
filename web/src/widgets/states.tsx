/** What stands in a widget that has nothing to draw: why, and what to do. */
import { Skeleton } from '@mantine/core'
import type { Feed } from '../live/feed'
import { NewIcon, WarnIcon } from '../parts/icons'
import type { DrawnWidget } from './model'
import type { Range } from './range'
import { Scroll } from './Scroll'
import classes from './states.module.css'

export function Loading() {
  return (
    <div role="status" aria-label="Loading" className={classes['loading']}>
      <Skeleton height="100%" />
    </div>
  )
}

function Say({ isBad = false, what, todo }: { isBad?: boolean; what: string; todo: string }) {
  return (
    <Scroll className={classes['scroll']} label={what}>
      <div className={classes['say']} role={isBad ? 'alert' : 'status'}>
        <span className={classes['icon']} data-bad={isBad}>
          {isBad ? <WarnIcon /> : <NewIcon />}
        </span>
        <div>
          <strong>{what}</strong> <span className="dim">{todo}</span>
        </div>
      </div>
    </Scroll>
  )
}

export function NoSource({ widget }: { widget: DrawnWidget }) {
  return (
    <Say
      what="No source yet."
      todo={`Edit the dashboard and choose what feeds ${widget.title || 'this widget'}.`}
    />
  )
}

export function NoValues({ widget, range }: { widget: DrawnWidget; range: Range }) {
  if (range.kind === 'absolute') {
    return <Say what="Nothing in this time." todo="Choose another stretch of time, or go back to live." />
  }
  return widget.flow_id ? (
    <Say
      what="No value yet."
      todo="Its flow has put out nothing in this time: check that it is deployed and gets readings, or choose a longer range."
    />
  ) : (
    <Say
      what="No value yet."
      todo="Values appear by themselves as they come. Check that the device is online, or choose a longer range."
    />
  )
}

const ADVICE: Record<NonNullable<Feed['trouble']>['code'], string> = {
  forbidden: 'You may not read its source. Ask an admin of the organization, or choose another source.',
  not_found: 'Its source is gone: edit the dashboard and choose another one, or remove the widget.',
  limit: 'Too much is watched at once. Close other dashboards, then reload the page.',
  malformed: 'Reload the page: it may be older than the server.',
  unavailable: 'It is tried again by itself in a few seconds.',
}

export function NotShown({ code, message }: { code: NonNullable<Feed['trouble']>['code']; message: string }) {
  const what = message.charAt(0).toUpperCase() + message.slice(1)
  return <Say isBad what={what.replace(/\.?$/, '.')} todo={ADVICE[code]} />
}
