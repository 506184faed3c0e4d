import { Anchor } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { useEditor } from '../../flow/store'

/** From the editor to the other pages of the flow. */
export function FlowLinks() {
  const id = useEditor(state => state.saved?.flow.id)
  if (id === undefined) return null
  return (
    <>
      <Anchor component={Link} to={`/flows/${id}/versions`} size="sm">
        Versions
      </Anchor>
      <Anchor component={Link} to={`/flows/${id}/runs`} size="sm">
        Runs
      </Anchor>
    </>
  )
}
