import type { ErrorComponentProps } from '@tanstack/react-router'
import { queryClient } from '../api/queries'
import { Trouble } from '../parts/Trouble'

/** Stands in for a page that could not be shown. */
export function Failed({ error, reset }: ErrorComponentProps) {
  const again = async () => {
    // What failed is asked for anew; otherwise it would be thrown again as it was.
    await queryClient.resetQueries({ predicate: query => query.state.status === 'error' })
    reset()
  }
  return (
    <main style={{ padding: 16 }}>
      <Trouble error={error} again={again} />
    </main>
  )
}
