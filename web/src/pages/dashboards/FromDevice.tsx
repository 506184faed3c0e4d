import { Button } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { deviceNameQuery } from '../../api/dashboards'
import { sensorsQuery } from '../../api/queries'
import { Trouble } from '../../parts/Trouble'
import { DeviceSelect } from './Choose'
import type { Board } from './model/board'
import { fromDevice } from './model/fromDevice'

interface Props {
  organization: string
  busy: boolean
  make: (board: Board) => void
}

/** One click makes a dashboard of what a device sends. */
export function FromDevice({ organization, busy, make }: Props) {
  const [id, setId] = useState<string | null>(null)
  const name = useQuery({ ...deviceNameQuery(id ?? ''), enabled: id !== null }).data
  return (
    <div className="stack">
      <DeviceSelect organization={organization} label="Device" value={id} onChange={setId} />
      {id && name && <Sensors key={id} device={{ id, name }} busy={busy} make={make} />}
      {!id && (
        <div className="dim">
          What it sends gets a value and a chart each; change them as you like afterwards.
        </div>
      )}
    </div>
  )
}

type SensorsProps = Pick<Props, 'busy' | 'make'> & { device: { id: string; name: string } }

function Sensors({ device, busy, make }: SensorsProps) {
  const { data: sensors, error, refetch } = useQuery(sensorsQuery(device.id))
  if (error && !sensors) return <Trouble error={error} again={() => refetch()} />
  const count = sensors?.length ?? 0
  return (
    <>
      <div role="status">
        {!sensors
          ? 'Looking what it sends'
          : count === 0
            ? 'It has sent nothing yet. Values appear here by themselves when they come.'
            : `It sends ${sensors.map(sensor => sensor.sensor_type).join(', ')}.`}
      </div>
      <div className="row">
        <Button
          disabled={count === 0}
          loading={busy}
          onClick={() => sensors && make(fromDevice(device, sensors))}
        >
          Make it
        </Button>
      </div>
    </>
  )
}
