import { useMediaQuery } from '@mantine/hooks'
import { useQuery, useSuspenseQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect } from 'react'
import { fetchFlow, nodeTypesQuery } from '../../../api/editor'
import { meQuery } from '../../../api/queries'
import { editor, useEditor } from '../../../flow/store'
import { Trouble } from '../../../parts/Trouble'
import { Waiting } from '../../../parts/Waiting'
import { Editor } from './Editor'

const route = getRouteApi('/inside/flows/$id')

/** A flow, opened to be drawn. */
export function EditorPage() {
  const { id } = route.useParams()
  return <Of key={id} id={id} />
}

/** Narrower than this there is no room for a palette beside the canvas. */
const ROOM = '(min-width: 641px)'

function Of({ id }: { id: string }) {
  const me = useSuspenseQuery(meQuery).data
  const types = useQuery(nodeTypesQuery)
  // Asked once: what is drawn here must not change under the hands of who draws. What others save shows when one saves.
  const flow = useQuery({
    queryKey: ['flow-open', id],
    queryFn: ({ signal }) => fetchFlow(id, signal),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
  })
  const hasRoom = useMediaQuery(ROOM, true, { getInitialValueInEffect: false })
  const isOwn = flow.data !== undefined && flow.data.flow.owner_id === me?.id
  const isOpen = useEditor(state => state.saved?.flow.id === id)
  useEffect(() => {
    if (flow.data && types.data) editor.getState().open(flow.data, types.data, false)
    return () => editor.getState().close()
  }, [flow.data, types.data])
  // biome-ignore lint/correctness/useExhaustiveDependencies: opening says that nobody may, so it is said again after it
  useEffect(() => editor.setState({ mayEdit: isOwn && hasRoom }), [isOwn, hasRoom, isOpen])
  const error = flow.error ?? types.error
  if (error && !isOpen) {
    const again = () => void Promise.all([flow.refetch(), types.refetch()])
    return <Trouble error={error} again={again} />
  }
  if (!isOpen) return <Waiting />
  return <Editor whyNot={isOwn ? (hasRoom ? undefined : 'narrow') : 'foreign'} />
}
