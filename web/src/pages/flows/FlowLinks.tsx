import { Link } from '@tanstack/react-router'
import { useEditor } from '../../flow/store'
import { later } from './later'

const OpenStatus = later(async () => (await import('./OpenStatus')).OpenStatus)

/** How the flow that is open runs, and the way from the editor to its other pages. */
export function FlowLinks() {
  const id = useEditor(state => state.saved?.flow.id)
  if (id === undefined) return null
  return (
    <nav className="row" aria-label="Of this flow" style={{ gap: 12, padding: '0 8px', flexWrap: 'nowrap' }}>
      <OpenStatus id={id} />
      <Link to="/flows/$id/versions" params={{ id }}>
        Versions
      </Link>
      <Link to="/flows/$id/runs" params={{ id }}>
        Runs
      </Link>
    </nav>
  )
}
