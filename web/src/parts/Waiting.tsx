import { Skeleton } from '@mantine/core'

/** Stands where a page will be. */
export function Waiting() {
  return (
    <div className="stack" role="status" aria-label="Loading">
      <Skeleton height={28} width={200} />
      <Skeleton height={96} />
      <Skeleton height={240} />
    </div>
  )
}
