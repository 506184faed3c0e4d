import { useMediaQuery } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { getRouteApi } from '@tanstack/react-router'
import { useEffect } from 'react'
import { fetchFlow, nodeTypesQuery } from '../../../api/editor'
import { editor, useEditor } from '../../../flow/store'
import { useOrganization } from '../../../organization'
import { NoOrganization } from '../../../parts/NoOrganization'
import { Trouble } from '../../../parts/Trouble'
import { Waiting } from '../../../parts/Waiting'
import { useMayChange } from '../allowed'
import { Editor } from './Editor'

const route = getRouteApi('/inside/flows/$id')

/** A flow, opened to be drawn. */
export function EditorPage() {
  const { id } = route.useParams()
  const organization = useOrganization()
  return organization ? <Of key={id} id={id} organization={organization.id} /> : <NoOrganization />
}

/** Narrower than this there is no room for a palette beside the canvas. */
const ROOM = '(min-width: 641px)'

function Of({ id, organization }: { id: string; organization: string }) {
  const mayChange = useMayChange(organization)
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
  const isAllowed = flow.data !== undefined && mayChange(flow.data.flow)
  const isOpen = useEditor(state => state.saved?.flow.id === id)
  const isThere = flow.data !== undefined && types.data !== undefined
  // biome-ignore lint/correctness/useExhaustiveDependencies: a later answer must not take the place of what was drawn since
  useEffect(() => {
    if (flow.data && types.data) editor.getState().open(flow.data, types.data, false)
    return () => editor.getState().close()
  }, [isThere])
  // biome-ignore lint/correctness/useExhaustiveDependencies: opening says that nobody may, so it is said again after it
  useEffect(() => editor.setState({ mayEdit: isAllowed && hasRoom }), [isAllowed, hasRoom, isOpen])
  const error = flow.error ?? types.error
  if (error && !isOpen) {
    const again = () => void Promise.all([flow.refetch(), types.refetch()])
    return <Trouble error={error} again={again} />
  }
  if (!isOpen) return <Waiting />
  return <Editor whyNot={isAllowed ? (hasRoom ? undefined : 'narrow') : 'foreign'} />
}
