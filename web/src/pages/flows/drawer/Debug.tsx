import { Button, Select, TextInput } from '@mantine/core'
import { useEffect, useMemo, useState } from 'react'
import { nameOf } from '../../../flow/diagram'
import { useEditor } from '../../../flow/store'
import { Trouble } from '../../../parts/Trouble'
import { shown } from '../../../parts/value'
import { useRecords } from '../live/useRecords'
import classes from './Debug.module.css'
import { filterOf } from './filter'

/** Records shown at a time; more of them nobody reads, and each is a row of the page. */
const SHOWN_MOST = 200

const clock = new Intl.DateTimeFormat('en-GB', {
  hour: '2-digit',
  minute: '2-digit',
  second: '2-digit',
  fractionalSecondDigits: 3,
})

/** What leaves a node of the version that runs, record by record. */
export function Debug() {
  const saved = useEditor(state => state.saved)
  const types = useEditor(state => state.types)
  const selected = useEditor(state =>
    state.selection.nodes.size === 1 ? [...state.selection.nodes][0] : undefined,
  )
  const [node, setNode] = useState<string>()
  // what runs is asked about nodes that are saved: a new one is none yet
  const nodes = useMemo(
    () => saved?.diagram.nodes.filter(({ type }) => (types.get(type)?.ports.length ?? 0) > 0) ?? [],
    [saved, types],
  )
  const isKnown = nodes.some(({ id }) => id === selected)
  useEffect(() => {
    if (selected !== undefined && isKnown) setNode(selected)
  }, [selected, isKnown])
  const id = node ?? nodes[0]?.id
  if (!saved || id === undefined) {
    return (
      <div className="dim">
        There is no node yet whose records could be shown. Add one, save and deploy the flow.
      </div>
    )
  }
  return (
    <Of
      key={id}
      flow={saved.flow.id}
      node={id}
      runs={saved.flow.is_active}
      choose={
        <Select
          size="xs"
          aria-label="Node"
          data={nodes.map(node => ({ value: node.id, label: nameOf(node, types) }))}
          value={id}
          onChange={next => next && setNode(next)}
          allowDeselect={false}
          searchable={nodes.length > 8}
        />
      }
    />
  )
}

function Of({
  flow,
  node,
  runs,
  choose,
}: {
  flow: string
  node: string
  runs: boolean
  choose: React.ReactNode
}) {
  const [pauses, setPauses] = useState(false)
  const [typed, setTyped] = useState('')
  const { records, error, retry } = useRecords(flow, node, pauses)
  const found = useMemo(() => {
    const fits = filterOf(typed)
    return (records ?? [])
      .map(record => ({ ts: record.timestamp, value: record.raw_data ?? record.value }))
      .filter(({ value }) => fits(value))
  }, [records, typed])
  const last = found.slice(-SHOWN_MOST).reverse()
  return (
    <div className={classes['debug']}>
      <div className="row">
        {choose}
        <TextInput
          size="xs"
          aria-label="Only values"
          placeholder="> 30, = on, or a part of it"
          value={typed}
          onChange={event => setTyped(event.currentTarget.value)}
        />
        <Button size="xs" variant="default" aria-pressed={pauses} onClick={() => setPauses(!pauses)}>
          {pauses ? 'Go on' : 'Pause'}
        </Button>
        <span className="dim">
          {records && `${last.length} of ${records.length} kept${pauses ? ', paused' : ''}`}
        </span>
      </div>
      {error !== null && !records && <Trouble error={error} again={retry} />}
      {records && last.length === 0 && (
        <div className="dim">
          {!runs
            ? 'The flow does not run. Deploy it to see records.'
            : records.length > 0
              ? 'None of the records that are kept is like this.'
              : 'Nothing has left this node since somebody looked. Records appear here as they come.'}
        </div>
      )}
      <ol className={classes['records']} aria-label="Records">
        {last.map(({ ts, value }, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: records have no name of their own
          <li key={index}>
            <time dateTime={ts}>{clock.format(Date.parse(ts))}</time>
            <span>{shown(value)}</span>
          </li>
        ))}
      </ol>
    </div>
  )
}
