import { Button, Modal, SegmentedControl } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { useRef, useState } from 'react'
import { type ExportFormat, exported, save } from '../../api/files'
import { Trouble } from '../../parts/Trouble'
import { clock } from '../../parts/zone'
import type { Span } from './range'
import type { Key } from './state'

interface Props {
  close: () => void
  series: Key[]
  /** Nothing while it is not known. */
  range: Span | undefined
  tz: string
}

const said: Record<ExportFormat, string> = {
  csv: 'For spreadsheets: a line for each reading, the first names the columns.',
  ndjson: 'For programs: a JSON object per line.',
  parquet: 'For analysis in pandas, DuckDB or Spark: by columns, with their types, and small.',
}

/** All readings of the chosen devices and sensors in the range, as a file. */
export function ExportDialog({ close, series, range, tz }: Props) {
  const [format, setFormat] = useState<ExportFormat>('csv')
  const [bytes, setBytes] = useState(0)
  const abort = useRef<AbortController>(null)
  const readings = series.filter(key => !('flow' in key)) as { device: string; sensor: string }[]
  const [devices, sensors] = [
    [...new Set(readings.map(({ device }) => device))],
    [...new Set(readings.map(({ sensor }) => sensor))],
  ]
  const run = useMutation({
    mutationFn: async ({ from, to }: Span) => {
      abort.current = new AbortController()
      setBytes(0)
      const file = await exported({ devices, sensors, from, to, format }, abort.current.signal, setBytes)
      save(file, `readings-${new Date(from).toISOString().slice(0, 19).replaceAll(':', '')}.${format}`)
    },
  })
  const stop = () => abort.current?.abort()
  const leave = () => {
    stop()
    close()
  }
  const time = clock(tz, false)
  const isStopped = run.error instanceof DOMException && run.error.name === 'AbortError'
  return (
    <Modal opened onClose={leave} title="Export readings" closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        {readings.length === 0 ? (
          <div>
            Only readings of devices are exported, and none is chosen. Add a sensor of a device first.
          </div>
        ) : (
          <>
            <SegmentedControl
              aria-label="Format"
              value={format}
              onChange={next => setFormat(next as ExportFormat)}
              disabled={run.isPending}
              data={[
                { value: 'csv', label: 'CSV' },
                { value: 'ndjson', label: 'NDJSON' },
                { value: 'parquet', label: 'Parquet' },
              ]}
            />
            <div>{said[format]}</div>
            <div className="dim">
              Each reading of {sensors.join(', ')} of{' '}
              {devices.length === 1 ? 'the device' : `${devices.length} devices`}
              {range && ` from ${time(range.from)} to ${time(range.to)}`}, as it came.
              {devices.length * sensors.length > readings.length &&
                ' The file has each of these sensors of each of these devices.'}
              {readings.length < series.length && ' What flows stored is not in it.'}
            </div>
            {isStopped && <div role="status">Stopped. Nothing was saved.</div>}
            {run.error && !isStopped && <Trouble error={run.error} />}
            {run.isSuccess && <div role="status">Saved: {size(bytes)}.</div>}
          </>
        )}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          {run.isPending && <span role="status">{size(bytes)} so far</span>}
          {run.isPending ? (
            <Button variant="default" onClick={stop}>
              Stop
            </Button>
          ) : (
            <Button variant="default" onClick={leave}>
              Close
            </Button>
          )}
          {readings.length > 0 && (
            <Button disabled={!range} loading={run.isPending} onClick={() => range && run.mutate(range)}>
              Export
            </Button>
          )}
        </div>
      </div>
    </Modal>
  )
}

function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`
  if (bytes < 1e6) return `${(bytes / 1e3).toFixed(1)} kB`
  return bytes < 1e9 ? `${(bytes / 1e6).toFixed(1)} MB` : `${(bytes / 1e9).toFixed(2)} GB`
}
