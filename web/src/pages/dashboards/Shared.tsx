import { queryOptions, useQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useState } from 'react'
import { api, take } from '../../api/client'
import { Problem } from '../../api/problem'
import { queryClient } from '../../api/queries'
import { LinkProvider, shareLink } from '../../live/hooks'
import { Look } from '../../parts/Look'
import { Trouble } from '../../parts/Trouble'
import { at } from '../../parts/time'
import { Waiting } from '../../parts/Waiting'
import { LinkChip } from '../../shell/LinkChip'
import { TimeBar } from '../../widgets/TimeBar'
import { boardOf, type Fed } from './model/board'
import classes from './Shared.module.css'
import { useTime } from './time'
import { Widgets } from './Widgets'

const sharedQuery = (token: string) =>
  queryOptions({
    queryKey: ['shared', token],
    refetchInterval: 15_000,
    // Nothing of it stays behind in the browser of who looked.
    gcTime: 0,
    queryFn: ({ signal }) =>
      // Somebody who is logged in sees by the link no more than others do.
      take(
        api.GET('/api/v1/shared', {
          headers: { authorization: `Bearer ${token}` },
          credentials: 'omit',
          signal,
        }),
      ),
  })

/** What a share link opens. Its token stands behind `#`: browsers send that to nobody, so no log has it. */
export function Shared() {
  const token = useToken()
  if (!token)
    return <Ended why="This address has no link in it. Copy the whole link, with all behind the #." />
  return <Of key={token} token={token} />
}

function useToken(): string {
  const [hash, setHash] = useState(location.hash)
  useEffect(() => {
    const change = () => setHash(location.hash)
    addEventListener('hashchange', change)
    return () => removeEventListener('hashchange', change)
  }, [])
  return hash.slice(1)
}

function Of({ token }: { token: string }) {
  const { data, error, refetch } = useQuery(sharedQuery(token))
  const time = useTime({}, nothing)
  const link = useMemo(
    () => shareLink(token, () => void queryClient.invalidateQueries({ queryKey: ['shared'] })),
    [token],
  )
  useEffect(() => () => link.stop(), [link])
  const board = useMemo(
    () =>
      data &&
      boardOf(
        { ...data, project_id: null, widgets: data.drawing, datasources: [], flow_config: {} },
        data.widgets.map((widget): Fed => ({ ...widget, data_source_type: 'static' })),
      ),
    [data],
  )
  const ids = useMemo(
    () => new Map(data?.widgets.map(({ widget_id, id }) => [widget_id, id] as const)),
    [data?.widgets],
  )
  if (error instanceof Problem && (error.status === 401 || error.status === 404)) {
    return <Ended why="This link has ended. Ask who gave it to you for a new one." />
  }
  if (!board || !data) {
    return (
      <main className={classes['page']}>
        <title>EdgeSync</title>
        {error ? <Trouble error={error} again={() => refetch()} /> : <Waiting />}
      </main>
    )
  }
  return (
    <LinkProvider value={link}>
      <main className={classes['page']}>
        <title>{`${data.name} · EdgeSync`}</title>
        <div className={classes['head']}>
          <div>
            <h1>{data.name}</h1>
            <div className="dim">
              {data.description && <>{data.description} · </>}Shown by a link until{' '}
              {at(Date.parse(data.expires_at))}
            </div>
          </div>
          <div className="row">
            <LinkChip />
            <TimeBar
              range={time.range}
              onChange={time.set}
              onZoomOut={time.isZoomed ? time.zoomBack : undefined}
            />
            <Look />
          </div>
        </div>
        {error && <Trouble error={error} again={() => refetch()} />}
        {board.items.length === 0 ? (
          <div className="panel">There is nothing on this dashboard yet.</div>
        ) : (
          <Widgets
            board={board}
            ids={ids}
            isShared
            dashboard={data.name}
            range={time.range}
            onZoom={time.zoomIn}
            onZoomOut={time.zoomBack}
          />
        )}
      </main>
    </LinkProvider>
  )
}

const nothing = () => {}

function Ended({ why }: { why: string }) {
  return (
    <main className={classes['page']}>
      <title>EdgeSync</title>
      <div className="panel" role="alert">
        <h1 style={{ marginTop: 0 }}>There is nothing to see here</h1>
        <p>{why}</p>
      </div>
    </main>
  )
}
