import { useNow } from '../live/hooks'
import { ago, at } from './time'

/** How long ago something was; the whole time on hovering. */
export function Age({ of }: { of: number | string | null }) {
  const now = useNow(1_000)
  if (of === null) return <span className="dim">never</span>
  const then = typeof of === 'number' ? of : Date.parse(of)
  return (
    <time dateTime={new Date(then).toISOString()} title={at(then)} style={{ whiteSpace: 'nowrap' }}>
      {ago(then, now)}
    </time>
  )
}
