import { ActionIcon, Button, SegmentedControl, Skeleton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { lazy, Suspense, useMemo, useState } from 'react'
import { historyLinesQuery, ofSeries } from '../../api/history'
import { useIsAdmin, useOrganization } from '../../organization'
import { copy } from '../../parts/copy'
import { CopyIcon, CrossIcon, DownloadIcon, PlusIcon, UploadIcon } from '../../parts/icons'
import { NoOrganization } from '../../parts/NoOrganization'
import { Trouble } from '../../parts/Trouble'
import { ownZone } from '../../parts/zone'
import { Charts } from './Charts'
import classes from './Explore.module.css'
import { useNames } from './names'
import { SeriesTable } from './SeriesTable'
import { type Explored, format, type Key, nameOfKey, parse, SERIES_MAX } from './state'
import { Toolbar } from './Toolbar'

// What is opened by hand comes when it is.
const Picker = lazy(async () => ({ default: (await import('./Picker')).Picker }))
const ExportDialog = lazy(async () => ({ default: (await import('./ExportDialog')).ExportDialog }))
const ImportDialog = lazy(async () => ({ default: (await import('./ImportDialog')).ImportDialog }))

const route = getRouteApi('/inside/explore')

/** Any series over any range, without making a dashboard of it first. What is shown stands in the address. */
export function Explorer() {
  const organization = useOrganization()
  return organization ? <Of key={organization.id} organization={organization.id} /> : <NoOrganization />
}

type Opened = 'series' | 'export' | 'import' | undefined

function Of({ organization }: { organization: string }) {
  const search = route.useSearch()
  const state = useMemo(() => parse({ ...search }), [search])
  const navigate = route.useNavigate()
  const [opened, setOpened] = useState<Opened>()
  const names = useNames(state.series)
  const history = useQuery(historyLinesQuery(state))
  const change = (next: Partial<Explored>) =>
    navigate({ search: format({ ...state, ...next }), replace: !('range' in next), resetScroll: false })
  const { error, refetch } = history
  const data = useMemo(
    () => history.data && ofSeries(history.data, state.series),
    [history.data, state.series],
  )
  const remove = (key: Key) =>
    change({ series: state.series.filter(one => nameOfKey(one) !== nameOfKey(key)) })
  return (
    <div className="stack">
      <title>Explorer · EdgeSync</title>
      <Head state={state} organization={organization} open={setOpened} />
      {state.series.length === 0 ? (
        <Empty open={() => setOpened('series')} />
      ) : (
        <>
          <Toolbar
            state={state}
            change={change}
            span={data?.span}
            busy={history.isFetching}
            again={() => refetch()}
          />
          <div className="row spread">
            <SegmentedControl
              size="xs"
              aria-label="Shown as"
              value={state.view}
              onChange={view => change({ view: view === 'table' ? 'table' : 'chart' })}
              data={[
                { value: 'chart', label: 'Chart' },
                { value: 'table', label: 'Table' },
              ]}
            />
            {data && <Said bucket={data.bucket} lines={data.lines} tz={state.tz} />}
          </div>
          {error && <Trouble error={error} again={() => refetch()} />}
          {error && !data && <Asked series={state.series} names={names} remove={remove} />}
          {!data && !error && <Skeleton height={360} />}
          {data && state.view === 'chart' && (
            <Charts
              history={data}
              names={names}
              tz={state.tz}
              onZoom={range => change({ range })}
              onRemove={remove}
              agg={state.agg}
            />
          )}
          {data && state.view === 'table' && <SeriesTable history={data} names={names} tz={state.tz} />}
        </>
      )}
      <Suspense>
        {opened === 'series' && (
          <Picker
            close={() => setOpened(undefined)}
            organization={organization}
            chosen={state.series}
            choose={series => change({ series: series.slice(0, SERIES_MAX) })}
          />
        )}
        {opened === 'export' && (
          <ExportDialog
            close={() => setOpened(undefined)}
            series={state.series}
            range={data?.span}
            tz={state.tz}
          />
        )}
        {opened === 'import' && (
          <ImportDialog close={() => setOpened(undefined)} organization={organization} />
        )}
      </Suspense>
    </div>
  )
}

function Head(props: { state: Explored; organization: string; open: (what: Opened) => void }) {
  const { state, organization, open } = props
  const mayImport = useIsAdmin(organization)
  const [copied, setCopied] = useState<string>()
  const has = state.series.length > 0
  const isFull = state.series.length >= SERIES_MAX
  const copyLink = async () =>
    setCopied((await copy(location.href)) ? 'Copied' : 'Copy it from the address bar')
  return (
    <div className="row spread">
      <h1 style={{ margin: 0 }}>Explorer</h1>
      <div className="row">
        {mayImport && (
          <Button variant="default" leftSection={<UploadIcon />} onClick={() => open('import')}>
            Import
          </Button>
        )}
        {has && (
          <>
            <Button
              variant="default"
              leftSection={<CopyIcon />}
              onClick={copyLink}
              onBlur={() => setCopied(undefined)}
            >
              <span aria-live="polite">{copied ?? 'Copy the link'}</span>
            </Button>
            <Button variant="default" leftSection={<DownloadIcon />} onClick={() => open('export')}>
              Export
            </Button>
            <Button
              leftSection={<PlusIcon />}
              onClick={() => open('series')}
              disabled={isFull}
              title={isFull ? `No more than ${SERIES_MAX} at once: remove one first` : undefined}
            >
              Add series
            </Button>
          </>
        )}
      </div>
    </div>
  )
}

function Empty({ open }: { open: () => void }) {
  return (
    <div className="panel stack" style={{ alignItems: 'flex-start', gap: 8 }}>
      <div>
        Choose sensors of devices, or series that flows stored, to see them over time: up to {SERIES_MAX} at
        once. The address of the page then is a link to what you see.
      </div>
      <Button leftSection={<PlusIcon />} onClick={open}>
        Choose series
      </Button>
    </div>
  )
}

/** What was asked for, where it cannot be shown: one of a device that is gone keeps the others from it. */
function Asked(props: { series: Key[]; names: Map<string, string>; remove: (key: Key) => void }) {
  return (
    <ul className={`panel ${classes['asked']}`} aria-label="Series">
      {props.series.map(key => {
        const name = props.names.get(nameOfKey(key)) ?? nameOfKey(key)
        return (
          <li key={nameOfKey(key)}>
            {name}
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Remove ${name}`}
              onClick={() => props.remove(key)}
            >
              <CrossIcon />
            </ActionIcon>
          </li>
        )
      })}
    </ul>
  )
}

/** How what is shown came about. */
function Said({ bucket, lines, tz }: { bucket: string | null; lines: { count: number }[]; tz: string }) {
  const count = lines.reduce((sum, line) => sum + line.count, 0)
  const readings = `${count.toLocaleString()} ${count === 1 ? 'reading' : 'readings'}`
  const zone = tz === ownZone() ? '' : ` · ${tz}`
  return (
    <span className="dim" data-testid="said">
      {bucket === null ? `${readings}, each as it came` : `${readings} in buckets of ${bucket}`}
      {zone}
    </span>
  )
}
