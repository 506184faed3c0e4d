import { Link } from '@tanstack/react-router'

/** An address that is no page. */
export function Lost() {
  return (
    <main style={{ padding: 16 }}>
      <h1>There is no such page</h1>
      <p>
        It may have been moved, or the address was cut off. <Link to="/">Go to the overview</Link>
      </p>
    </main>
  )
}
