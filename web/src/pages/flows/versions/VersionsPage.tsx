import { Button, Skeleton } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { type FlowDiagram, versionsQuery } from '../../../api/flows'
import { Age } from '../../../parts/Age'
import { Trouble } from '../../../parts/Trouble'
import { FlowPage } from '../FlowPage'
import { later } from '../later'
import { Compare } from './Compare'
import { Choice, type Pick, VersionRow } from './VersionRow'
import classes from './Versions.module.css'

const Rollback = later(async () => (await import('./Rollback')).Rollback)
const TakeOver = later(async () => (await import('./TakeOver')).TakeOver)

const route = getRouteApi('/inside/flows/$id/versions')

/** What was deployed of a flow, to look at, compare and go back to. */
export function VersionsPage() {
  const { id } = route.useParams()
  return (
    <FlowPage id={id} title="Versions">
      {(flow, may) => <Of flow={flow} may={may} />}
    </FlowPage>
  )
}

function Of({ flow, may }: { flow: FlowDiagram; may: boolean }) {
  const list = useInfiniteQuery(versionsQuery(flow.id))
  const versions = list.data?.pages.flatMap(page => page.items)
  const [picked, setPicked] = useState<{ from?: Pick; to?: Pick }>({})
  const [does, setDoes] = useState<{ does: 'rollback' | 'take'; version: number }>()
  if (!versions) {
    return list.error ? (
      <Trouble error={list.error} again={() => list.refetch()} />
    ) : (
      <Skeleton height={240} />
    )
  }
  const [newest] = versions
  if (!newest) {
    return (
      <div className="panel">
        It was never deployed, so it has no version yet. “Deploy” makes the first one of what is drawn; each
        is kept as it was, to compare with and to go back to.
      </div>
    )
  }
  const from = picked.from ?? flow.deployed_version ?? newest.version
  const to = picked.to ?? 'draft'
  return (
    <div className={classes['page']}>
      <section className="panel">
        <h2>Versions</h2>
        <table className={classes['table']}>
          <thead>
            <tr>
              <th scope="col">Version</th>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">
                <span className="hidden">What to do with it</span>
              </th>
            </tr>
          </thead>
          <tbody>
            <tr>
              <th scope="row">
                Draft
                <div className="dim">
                  saved <Age of={flow.updated_at} />
                </div>
              </th>
              <Choice of="draft" word="the draft" from={from} to={to} pick={setPicked} />
              <td />
            </tr>
            {versions.map(version => (
              <VersionRow
                key={version.version}
                version={version}
                from={from}
                to={to}
                pick={setPicked}
                may={may}
                isDeployed={version.version === flow.deployed_version}
                onDo={what => setDoes({ does: what, version: version.version })}
              />
            ))}
          </tbody>
        </table>
        {list.hasNextPage && (
          <Button
            variant="default"
            size="xs"
            onClick={() => list.fetchNextPage()}
            loading={list.isFetchingNextPage}
          >
            Show more
          </Button>
        )}
      </section>
      <section className="panel" style={{ minWidth: 0 }}>
        <Compare flow={flow} from={from} to={to} />
      </section>
      {does?.does === 'rollback' && (
        <Rollback flow={flow} version={does.version} onClose={() => setDoes(undefined)} />
      )}
      {does?.does === 'take' && (
        <TakeOver flow={flow} version={does.version} onClose={() => setDoes(undefined)} />
      )}
    </div>
  )
}
