import { Button, MultiSelect, SegmentedControl, Select, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { historyLinesQuery, ofSeries } from '../../api/history'
import { type Device, sensorsQuery } from '../../api/queries'
import { useIsAdmin } from '../../organization'
import { DownloadIcon, ExploreIcon, UploadIcon } from '../../parts/icons'
import { Trouble } from '../../parts/Trouble'
import { ownZone } from '../../parts/zone'
import { Charts } from '../explore/Charts'
import { lengthOf } from '../explore/range'
import { SeriesTable } from '../explore/SeriesTable'
import { format, LASTS, type Last, nameOfKey, type Range, SERIES_MAX } from '../explore/state'

const ExportDialog = lazy(async () => ({ default: (await import('../explore/ExportDialog')).ExportDialog }))
const ImportDialog = lazy(async () => ({ default: (await import('../explore/ImportDialog')).ImportDialog }))

const lasts = (Object.keys(LASTS) as Last[]).map(last => ({
  value: last as string,
  label: `Last ${lengthOf(LASTS[last])}`,
}))

/** What a device has sent, over time: the first of its sensors, or those that are chosen. */
export function Readings({ device }: { device: Device }) {
  const sensors = useQuery(sensorsQuery(device.id))
  const [chosen, setChosen] = useState<string[]>()
  const [range, setRange] = useState<Range>({ last: '1h' })
  const [view, setView] = useState('chart')
  const [opened, setOpened] = useState<'export' | 'import'>()
  const mayImport = useIsAdmin(device.organization_id)
  const all = sensors.data?.map(({ sensor_type }) => sensor_type) ?? []
  const shown = chosen ?? all.slice(0, 1)
  const tz = ownZone()
  const state = {
    series: shown.map(sensor => ({ device: device.id, sensor })),
    range,
    bucket: 'auto',
    agg: 'avg',
    fill: 'null',
    tz,
  } as const
  const history = useQuery(historyLinesQuery(state))
  const names = new Map(state.series.map(key => [nameOfKey(key), key.sensor]))
  const data = history.data && ofSeries(history.data, state.series)
  return (
    <div className="stack">
      <div className="row">
        <MultiSelect
          aria-label="Sensors"
          placeholder={shown.length === 0 ? 'Sensors' : ''}
          data={all}
          value={shown}
          onChange={setChosen}
          maxValues={SERIES_MAX}
          searchable
          style={{ flex: '1 1 240px', maxWidth: 480 }}
          disabled={all.length === 0}
        />
        <Select
          aria-label="Range"
          data={'last' in range ? lasts : [{ value: '', label: 'What was drawn over' }, ...lasts]}
          value={'last' in range ? range.last : ''}
          onChange={last => last && setRange({ last: last as Last })}
          allowDeselect={false}
          w={176}
        />
        <SegmentedControl
          aria-label="Shown as"
          value={view}
          onChange={setView}
          data={[
            { value: 'chart', label: 'Chart' },
            { value: 'table', label: 'Table' },
          ]}
        />
        {shown.length > 0 && (
          <>
            <Button variant="default" leftSection={<DownloadIcon />} onClick={() => setOpened('export')}>
              Export
            </Button>
            <Link
              to="/explore"
              search={format({ ...state, series: [...state.series], view: 'chart' })}
              className="row"
              style={{ gap: 4 }}
            >
              <ExploreIcon />
              Open in the explorer
            </Link>
          </>
        )}
        {mayImport && (
          <Button variant="default" leftSection={<UploadIcon />} onClick={() => setOpened('import')}>
            Import
          </Button>
        )}
      </div>
      {sensors.error && <Trouble error={sensors.error} again={() => sensors.refetch()} />}
      {history.error && <Trouble error={history.error} again={() => history.refetch()} />}
      {sensors.data?.length === 0 && (
        <div className="panel">
          Nothing has come yet. Under “Token” is how to connect it
          {mayImport && ', and readings of the past can be imported from a file'}.
        </div>
      )}
      {shown.length > 0 && !data && !history.error && <Skeleton height={360} />}
      {data && shown.length > 0 && view === 'chart' && (
        <Charts history={data} names={names} tz={tz} agg="avg" onZoom={setRange} />
      )}
      {data && shown.length > 0 && view === 'table' && <SeriesTable history={data} names={names} tz={tz} />}
      <Suspense>
        {opened === 'export' && (
          <ExportDialog close={() => setOpened(undefined)} series={state.series} range={data?.span} tz={tz} />
        )}
        {opened === 'import' && (
          <ImportDialog
            close={() => setOpened(undefined)}
            organization={device.organization_id}
            device={device.id}
          />
        )}
      </Suspense>
    </div>
  )
}
