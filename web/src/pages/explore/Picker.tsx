import { Checkbox, Modal, Skeleton, Tabs } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { flowChoiceQuery, flowSeriesQuery } from '../../api/history'
import { sensorsQuery } from '../../api/queries'
import { Age } from '../../parts/Age'
import { DeviceSelect, SearchSelect } from '../../parts/SearchSelect'
import { Trouble } from '../../parts/Trouble'
import { shown } from '../../parts/value'
import classes from './Explore.module.css'
import { useNames } from './names'
import { type Key, nameOfKey, SERIES_MAX } from './state'

interface Props {
  close: () => void
  organization: string
  chosen: Key[]
  choose: (series: Key[]) => void
}

/** Chooses series: sensors of devices, or what flows stored. Each choice shows at once behind it. */
export function Picker({ close, organization, chosen, choose }: Props) {
  return (
    <Modal
      opened
      onClose={close}
      title={`Series (${chosen.length} of ${SERIES_MAX})`}
      size="lg"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Tabs defaultValue="devices" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="devices">Of devices</Tabs.Tab>
          <Tabs.Tab value="flows">Stored by flows</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="devices" pt="md">
          <Devices organization={organization} chosen={chosen} choose={choose} />
        </Tabs.Panel>
        <Tabs.Panel value="flows" pt="md">
          <Flows chosen={chosen} choose={choose} />
        </Tabs.Panel>
      </Tabs>
    </Modal>
  )
}

type Choice = Pick<Props, 'chosen' | 'choose'>

function Devices({ organization, chosen, choose }: Choice & { organization: string }) {
  const [device, setDevice] = useState<string | null>(null)
  const sensors = useQuery({ ...sensorsQuery(device ?? ''), enabled: device !== null })
  return (
    <div className="stack">
      <DeviceSelect
        label="Device"
        organization={organization}
        value={device}
        onChange={setDevice}
        data-autofocus
      />
      {sensors.error && <Trouble error={sensors.error} again={() => sensors.refetch()} />}
      {device && !sensors.data && !sensors.error && <Skeleton height={96} />}
      {device && sensors.data?.length === 0 && (
        <div>
          It has sent nothing yet.{' '}
          <Link to="/devices/$id" params={{ id: device }}>
            Open it to connect it
          </Link>
        </div>
      )}
      <fieldset className={classes['sensors']} style={{ border: 0, margin: 0 }} aria-label="Sensors">
        {sensors.data?.map(({ device_id, sensor_type, latest }) => (
          <One
            key={sensor_type}
            of={{ device: device_id, sensor: sensor_type }}
            chosen={chosen}
            choose={choose}
          >
            {sensor_type}
            {latest && (
              <span className="dim">
                {' '}
                {shown(latest.raw_data ?? latest.value)} {latest.unit}, <Age of={latest.timestamp} />
              </span>
            )}
          </One>
        ))}
      </fieldset>
    </div>
  )
}

function Flows({ chosen, choose }: Choice) {
  const [flow, setFlow] = useState<string | null>(null)
  const all = useQuery(flowChoiceQuery(''))
  const stored = useQuery({ ...flowSeriesQuery(flow ?? ''), enabled: flow !== null })
  const keys = (stored.data ?? []).map(
    ({ name, device_id, sensor_type }): Key => ({
      flow: flow ?? '',
      name,
      device: device_id,
      sensor: sensor_type,
    }),
  )
  const names = useNames(keys.slice(0, 100))
  if (all.data?.length === 0) return <div>There is no flow yet whose results could be shown.</div>
  return (
    <div className="stack">
      <SearchSelect label="Flow" query={flowChoiceQuery} value={flow} onChange={setFlow} />
      {stored.error && <Trouble error={stored.error} again={() => stored.refetch()} />}
      {flow && !stored.data && !stored.error && <Skeleton height={96} />}
      {flow && stored.data?.length === 0 && (
        <div>It stores nothing. A “store” node in it keeps its results, which are here then.</div>
      )}
      <fieldset className={classes['sensors']} style={{ border: 0, margin: 0 }} aria-label="Stored series">
        {keys.map(key => (
          <One key={nameOfKey(key)} of={key} chosen={chosen} choose={choose}>
            {names.get(nameOfKey(key)) ?? nameOfKey(key)}
          </One>
        ))}
      </fieldset>
    </div>
  )
}

function One({ of, chosen, choose, children }: Choice & { of: Key; children: React.ReactNode }) {
  const name = nameOfKey(of)
  const isIn = chosen.some(key => nameOfKey(key) === name)
  const isFull = !isIn && chosen.length >= SERIES_MAX
  return (
    <Checkbox
      label={children}
      checked={isIn}
      disabled={isFull}
      description={isFull ? `No more than ${SERIES_MAX} at once: take away another first` : undefined}
      onChange={() => choose(isIn ? chosen.filter(key => nameOfKey(key) !== name) : [...chosen, of])}
    />
  )
}
