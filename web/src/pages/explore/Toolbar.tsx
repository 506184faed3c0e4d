import { ActionIcon, Button, Select, TextInput } from '@mantine/core'
import { useEffect, useState } from 'react'
import { BackIcon, ForthIcon, MinusIcon, PlusIcon } from '../../parts/icons'
import { fromField, toField, zones } from '../../parts/zone'
import classes from './Explore.module.css'
import { lengthOf, type Span, shift, zoom } from './range'
import {
  type Agg,
  BUCKETS,
  type Bucket,
  type Explored,
  type Fill,
  LASTS,
  type Last,
  SPAN_MIN_MS,
} from './state'

const lasts = (Object.keys(LASTS) as Last[]).map(last => ({
  value: last as string,
  label: `Last ${lengthOf(LASTS[last])}`,
}))

const buckets = BUCKETS.map(value => ({ value, label: value === 'auto' ? 'Automatic' : value }))

const aggs: { value: Agg; label: string }[] = [
  { value: 'avg', label: 'Average and spikes' },
  { value: 'min', label: 'Smallest' },
  { value: 'max', label: 'Largest' },
  { value: 'sum', label: 'Sum' },
  { value: 'count', label: 'How many' },
  { value: 'first', label: 'First' },
  { value: 'last', label: 'Last' },
]

const ZONES = zones()

const fills: { value: Fill; label: string }[] = [
  { value: 'null', label: 'A gap' },
  { value: 'previous', label: 'The value before' },
  { value: 'none', label: 'Left out' },
]

interface Props {
  state: Explored
  change: (next: Partial<Explored>) => void
  /** Where the range lies, once that is known. */
  span: Span | undefined
  busy: boolean
  again: () => void
}

/** Which part of time, and how it is cut. */
export function Toolbar({ state, change, span, busy, again }: Props) {
  const { range } = state
  const go = (next: Span) => change({ range: next })
  const here = span ?? ('from' in range ? range : undefined)
  const move = (name: string, Icon: typeof BackIcon, to: (span: Span) => Span) => (
    <ActionIcon
      variant="default"
      size={36}
      aria-label={name}
      title={name}
      disabled={!here}
      onClick={() => here && go(to(here))}
    >
      <Icon />
    </ActionIcon>
  )
  return (
    <div className={`panel ${classes['toolbar']}`}>
      <div className={classes['line']}>
        <Select
          label="Range"
          data={'last' in range ? lasts : [{ value: '', label: 'From and to' }, ...lasts]}
          value={'last' in range ? range.last : ''}
          onChange={last => last && change({ range: { last: last as Last } })}
          allowDeselect={false}
          w={148}
        />
        <Ends span={here} tz={state.tz} go={go} />
        <div className={classes['moves']}>
          {move('Earlier', BackIcon, span => shift(span, -0.5))}
          {move('Later', ForthIcon, span => shift(span, 0.5))}
          {move('Zoom in', PlusIcon, span => zoom(span, 0.5))}
          {move('Zoom out', MinusIcon, span => zoom(span, 2))}
          {'last' in range && (
            <Button variant="default" h={36} onClick={again} loading={busy}>
              Refresh
            </Button>
          )}
        </div>
      </div>
      <div className={classes['line']}>
        <Select
          label="Bucket"
          data={buckets}
          value={state.bucket}
          onChange={bucket => bucket && change({ bucket: bucket as Bucket })}
          allowDeselect={false}
          w={120}
        />
        <Select
          label="Value"
          data={aggs}
          value={state.agg}
          onChange={agg => agg && change({ agg: agg as Agg })}
          allowDeselect={false}
          w={196}
        />
        <Select
          label="Empty buckets are"
          data={fills}
          value={state.fill}
          onChange={fill => fill && change({ fill: fill as Fill })}
          allowDeselect={false}
          w={148}
        />
        <Select
          label="Time zone"
          data={ZONES}
          value={state.tz}
          onChange={tz => tz && change({ tz })}
          allowDeselect={false}
          searchable
          limit={60}
          nothingFoundMessage="No such zone"
          w={200}
        />
      </div>
    </div>
  )
}

/** Both ends of the range, as the clock of the zone shows them. They are taken together, when somebody says so. */
function Ends({ span, tz, go }: { span: Span | undefined; tz: string; go: (span: Span) => void }) {
  const [typed, setTyped] = useState<{ from: string; to: string }>()
  const known = span && { from: toField(span.from, tz), to: toField(span.to, tz) }
  const shown = typed ?? known ?? { from: '', to: '' }
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was typed was for another zone
  useEffect(() => setTyped(undefined), [tz])
  const [from, to] = [fromField(shown.from, tz), fromField(shown.to, tz)]
  const wrong =
    typed && (from === undefined || to === undefined)
      ? 'Fill in both'
      : typed &&
        from !== undefined &&
        to !== undefined &&
        to - from < SPAN_MIN_MS &&
        'It ends before it begins'
  const field = (end: 'from' | 'to', label: string) => (
    <TextInput
      type="datetime-local"
      step={1}
      label={label}
      value={shown[end]}
      error={end === 'to' && wrong}
      onChange={event => setTyped({ ...shown, [end]: event.currentTarget.value })}
      w={208}
    />
  )
  return (
    <form
      className={classes['ends']}
      onSubmit={event => {
        event.preventDefault()
        if (wrong || from === undefined || to === undefined) return
        setTyped(undefined)
        go({ from, to })
      }}
    >
      {field('from', 'From')}
      {field('to', 'To')}
      {typed && (
        <Button type="submit" h={36} disabled={Boolean(wrong)}>
          Show
        </Button>
      )}
    </form>
  )
}
