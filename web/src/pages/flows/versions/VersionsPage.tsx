import { Button, Radio, Skeleton } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useState } from 'react'
import { type FlowDiagram, type FlowVersionSummary, membersQuery, versionsQuery } from '../../../api/flows'
import { useOrganization } from '../../../organization'
import { Age } from '../../../parts/Age'
import { Trouble } from '../../../parts/Trouble'
import { FlowPage } from '../FlowPage'
import { Compare } from './Compare'
import { Rollback } from './Rollback'
import { TakeOver } from './TakeOver'
import classes from './Versions.module.css'

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

/** One of the two that are compared: a version by its number, or what is drawn now. */
export type Pick = number | 'draft'

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
              <Row
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

type SetPicked = (change: (before: { from?: Pick; to?: Pick }) => { from?: Pick; to?: Pick }) => void

/** Which two are compared. The same twice shows it as it is. */
function Choice({
  of,
  word,
  from,
  to,
  pick,
}: {
  of: Pick
  word: string
  from: Pick
  to: Pick
  pick: SetPicked
}) {
  return (
    <>
      <td>
        <Radio
          name="from"
          aria-label={`Compare from ${word}`}
          checked={from === of}
          onChange={() => pick(before => ({ ...before, from: of }))}
        />
      </td>
      <td>
        <Radio
          name="to"
          aria-label={`Compare to ${word}`}
          checked={to === of}
          onChange={() => pick(before => ({ ...before, to: of }))}
        />
      </td>
    </>
  )
}

function Row({
  version,
  from,
  to,
  pick,
  may,
  isDeployed,
  onDo,
}: {
  version: FlowVersionSummary
  from: Pick
  to: Pick
  pick: SetPicked
  may: boolean
  isDeployed: boolean
  onDo: (what: 'rollback' | 'take') => void
}) {
  const organization = useOrganization()
  const members = useQuery(membersQuery(organization?.id ?? '')).data
  const { version: number, created_at, deployed_by } = version
  const who = members?.find(({ user_id }) => user_id === deployed_by)
  return (
    <tr>
      <th scope="row">
        {number}
        {isDeployed && <strong style={{ color: 'var(--ok)' }}> · runs</strong>}
        <div className="dim">
          deployed <Age of={created_at} />
          {who && <> by {who.name || who.email}</>}
        </div>
      </th>
      <Choice of={number} word={`version ${number}`} from={from} to={to} pick={pick} />
      <td>
        <div className={classes['actions']}>
          <Button
            variant="subtle"
            size="compact-xs"
            aria-label={`Look at version ${number}`}
            onClick={() => pick(() => ({ from: number, to: number }))}
          >
            Look
          </Button>
          {may && !isDeployed && (
            <Button
              variant="subtle"
              size="compact-xs"
              aria-label={`Roll back to version ${number}`}
              onClick={() => onDo('rollback')}
            >
              Roll back
            </Button>
          )}
          {may && (
            <Button
              variant="subtle"
              size="compact-xs"
              aria-label={`Draw on from version ${number}`}
              onClick={() => onDo('take')}
            >
              Draw on
            </Button>
          )}
        </div>
      </td>
    </tr>
  )
}
