import { Autocomplete, SegmentedControl, Select, TextInput } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { flowNodesQuery, nodeKindsQuery } from '../../../api/dashboards'
import { sensorsQuery } from '../../../api/queries'
import { shown } from '../../../parts/value'
import { DeviceSelect, FlowSelect } from '../Choose'
import type { Source } from '../model/board'
import { fieldsOf, nodesOf } from '../model/nodes'
import { same } from '../model/same'
import classes from './Settings.module.css'
import { StaticField } from './StaticField'

interface Props {
  organization: string
  source: Source
  onChange: (source: Source) => void
}

type Kind = Source['data_source_type']

/** A source that is being chosen: of a device without a sensor nothing can be shown yet. */
interface Chosen {
  kind: Kind
  device: string | null
  sensor: string
  flow: string | null
  node: string | null
  field: string
  value: unknown
}

const NOTHING: Chosen = {
  kind: 'device_sensor',
  device: null,
  sensor: '',
  flow: null,
  node: null,
  field: 'output',
  value: null,
}

function chosenOf(source: Source): Chosen {
  const kind = source.data_source_type
  if (kind === 'device_sensor')
    return { ...NOTHING, kind, device: source.device_id, sensor: source.sensor_type }
  if (kind === 'flow_node') {
    return {
      ...NOTHING,
      kind,
      flow: source.flow_id,
      node: source.node_id,
      field: source.output_field ?? 'output',
    }
  }
  // A widget that has nothing yet most often gets what a device sends.
  return source.static_value === null ? NOTHING : { ...NOTHING, kind, value: source.static_value }
}

const SENSOR = /^[A-Za-z0-9_.:/-]{1,64}$/

/** The source as the server takes it; nothing while something is missing. */
function sourceOf({ kind, device, sensor, flow, node, field, value }: Chosen): Source | undefined {
  if (kind === 'static') return { data_source_type: kind, static_value: value }
  if (kind === 'device_sensor') {
    return device && SENSOR.test(sensor)
      ? { data_source_type: kind, device_id: device, sensor_type: sensor }
      : undefined
  }
  return flow && node
    ? { data_source_type: kind, flow_id: flow, node_id: node, output_field: field }
    : undefined
}

/** Where values come from: a sensor, a node of a flow, or a value that stands in the widget. */
export function SourceFields({ organization, source, onChange }: Props) {
  const [chosen, setChosen] = useState(() => chosenOf(source))
  const [seen, setSeen] = useState(source)
  if (!same(seen, source)) {
    // An undo, or what was chosen here.
    setSeen(source)
    if (!same(sourceOf(chosen), source)) setChosen(chosenOf(source))
  }
  const choose = (part: Partial<Chosen>) => {
    const next = { ...chosen, ...part }
    setChosen(next)
    const whole = sourceOf(next)
    if (whole && !same(whole, source)) onChange(whole)
  }
  return (
    <fieldset className={classes['group']}>
      <legend>Source</legend>
      <SegmentedControl
        size="xs"
        fullWidth
        aria-label="Where values come from"
        value={chosen.kind}
        onChange={kind => choose({ kind: kind as Kind })}
        data={[
          { value: 'device_sensor', label: 'Device' },
          { value: 'flow_node', label: 'Flow' },
          { value: 'static', label: 'Fixed value' },
        ]}
      />
      {chosen.kind === 'device_sensor' && (
        <>
          <DeviceSelect
            organization={organization}
            label="Device"
            value={chosen.device}
            onChange={device => choose({ device, sensor: '' })}
          />
          {chosen.device && (
            <SensorField
              key={chosen.device}
              device={chosen.device}
              sensor={chosen.sensor}
              onChange={sensor => choose({ sensor })}
            />
          )}
        </>
      )}
      {chosen.kind === 'flow_node' && (
        <>
          <FlowSelect
            organization={organization}
            label="Flow"
            value={chosen.flow}
            onChange={flow => choose({ flow, node: null })}
          />
          {chosen.flow && (
            <NodeFields flow={chosen.flow} node={chosen.node} field={chosen.field} onChange={choose} />
          )}
        </>
      )}
      {chosen.kind === 'static' && <StaticField value={chosen.value} onChange={value => choose({ value })} />}
    </fieldset>
  )
}

interface SensorProps {
  device: string
  sensor: string
  onChange: (sensor: string) => void
}

/** What the device sends, or will send: a sensor can be named before it was heard. */
function SensorField({ device, sensor, onChange }: SensorProps) {
  const sensors = useQuery(sensorsQuery(device)).data
  const [typed, setTyped] = useState(sensor)
  const known = sensors?.find(({ sensor_type }) => sensor_type === typed)
  const latest = known?.latest
  return (
    <Autocomplete
      label="Sensor"
      description={
        latest
          ? `Its newest value: ${shown(latest.raw_data ?? latest.value)} ${latest.unit ?? ''}`
          : sensors?.length === 0
            ? 'The device has sent nothing yet: type the name that it will send.'
            : 'Choose one, or type the name of one that is still to come.'
      }
      data={sensors?.map(({ sensor_type }) => sensor_type) ?? []}
      value={typed}
      maxLength={64}
      onChange={setTyped}
      onOptionSubmit={onChange}
      onBlur={() => onChange(typed.trim())}
      onKeyDown={event => event.key === 'Enter' && onChange(typed.trim())}
      error={
        typed !== '' && !SENSOR.test(typed.trim())
          ? 'Letters without accents, digits and _ . : / - only.'
          : undefined
      }
    />
  )
}

interface NodeProps {
  flow: string
  node: string | null
  field: string
  onChange: (part: { node?: string | null; field?: string }) => void
}

function NodeFields({ flow, node, field, onChange }: NodeProps) {
  const drawing = useQuery(flowNodesQuery(flow)).data
  const kinds = useQuery(nodeKindsQuery).data ?? []
  const nodes = drawing ? nodesOf(drawing.nodes, kinds) : []
  const options = nodes.map(({ id, label }) => ({ value: id, label }))
  if (node && drawing && !options.some(option => option.value === node)) {
    options.push({ value: node, label: `${node} (not in the flow any more)` })
  }
  const fields = fieldsOf(nodes.find(({ id }) => id === node)?.kind, kinds)
  return (
    <>
      <Select
        label="Node"
        data={options}
        value={node}
        onChange={next => onChange({ node: next, field: 'output' })}
        allowDeselect={false}
        nothingFoundMessage="The flow has no node."
        searchable
      />
      {node &&
        (fields.length > 1 ? (
          <Autocomplete
            label="Output"
            description="The value, or one of the further values that its records carry."
            data={fields}
            value={field}
            maxLength={64}
            onChange={next => onChange({ field: next || 'output' })}
          />
        ) : (
          <TextInput
            label="Output"
            description="“output” is the value; other names are those of further values."
            value={field}
            maxLength={64}
            onChange={event => onChange({ field: event.currentTarget.value || 'output' })}
          />
        ))}
    </>
  )
}
