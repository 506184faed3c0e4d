import { Link } from '@tanstack/react-router'
import { useEditor } from '../../flow/store'

/** From the editor to the other pages of the flow. */
export function FlowLinks() {
  const id = useEditor(state => state.saved?.flow.id)
  if (id === undefined) return null
  return (
    <nav className="row" aria-label="Of this flow" style={{ gap: 12, padding: '0 8px', flexWrap: 'nowrap' }}>
      <Link to="/flows/$id/versions" params={{ id }}>
        Versions
      </Link>
      <Link to="/flows/$id/runs" params={{ id }}>
        Runs
      </Link>
    </nav>
  )
}
