import { Button } from '@mantine/core'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi, Link } from '@tanstack/react-router'
import { useState } from 'react'
import { fetchStored, storedQuery } from '../../../api/dashboards'
import { meQuery } from '../../../api/queries'
import { Trouble } from '../../../parts/Trouble'
import { at } from '../../../parts/time'
import { Waiting } from '../../../parts/Waiting'
import type { Stored } from '../model/board'
import { boardOf } from '../model/board'
import { sameBoard } from '../model/written'
import { useRights } from '../rights'
import { type Draft, drop, kept } from './draft'
import { Editor } from './Editor'

const route = getRouteApi('/inside/dashboards/$id/edit')

/** Changing a dashboard. What others save meanwhile is not shown here; saving tells of it. */
export function EditPage() {
  const { id } = route.useParams()
  const { data, error, refetch } = useQuery({
    queryKey: [...storedQuery(id).queryKey, 'edit'],
    queryFn: ({ signal }) => fetchStored(id, signal),
    // One begins with what is there now, and is not overtaken by what comes later.
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
  if (data) return <Allowed key={id} stored={data} />
  return error ? <Trouble error={error} again={() => refetch()} /> : <Waiting />
}

function Allowed({ stored }: { stored: Stored }) {
  const { template } = stored
  const me = useSuspenseQuery(meQuery).data?.id ?? ''
  const rights = useRights(template, me)
  if (!rights.change) {
    return (
      <div className="panel">
        <h1 style={{ marginTop: 0 }}>{template.name}</h1>
        <p>You may look at this dashboard and not change it. Who made it can let you, under “Share”.</p>
        <Link to="/dashboards/$id" params={{ id: template.id }}>
          Look at it
        </Link>
      </div>
    )
  }
  return <Begin stored={stored} user={me} />
}

/** Asks first what to do with what was left unsaved. */
function Begin({ stored, user }: { stored: Stored; user: string }) {
  const id = stored.template.id
  const [left, setLeft] = useState<Draft | undefined>(() => {
    const draft = kept(id, user)
    const same = draft && sameBoard(draft.board, boardOf(stored.template, stored.widgets))
    return same ? undefined : draft
  })
  const [taken, setTaken] = useState<Draft>()
  if (!left) return <Editor start={taken?.stored ?? stored} user={user} unsaved={taken?.board} />
  return (
    <section className="panel stack" aria-labelledby="left-title">
      <h1 id="left-title" style={{ margin: 0 }}>
        You have changes here that are not saved
      </h1>
      <div>
        You made them in this browser until {at(left.at)}.
        {left.stored.template.version !== stored.template.version &&
          ' Since then somebody saved the dashboard; when you save yours you are shown both.'}
      </div>
      <div className="row">
        <Button
          autoFocus
          onClick={() => {
            setTaken(left)
            setLeft(undefined)
          }}
        >
          Go on with them
        </Button>
        <Button
          variant="outline"
          color="red"
          onClick={() => {
            drop(id, user)
            setLeft(undefined)
          }}
        >
          Drop them
        </Button>
      </div>
    </section>
  )
}
