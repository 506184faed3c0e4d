import { Skeleton } from '@mantine/core'
import { type ComponentType, lazy, type ReactNode, Suspense } from 'react'

/**
 * A part of a page that comes when it is asked for: what opens by hand need not be there with the page. `height` is that of what stands for
 * it until then; a dialog has nothing in its place.
 */
export function later<Props extends object>(
  load: () => Promise<ComponentType<Props>>,
  height?: number,
): ComponentType<Props> {
  const Loaded = lazy(async () => ({ default: await load() })) as unknown as ComponentType<Props>
  const waiting: ReactNode = height === undefined ? null : <Skeleton height={height} />
  return props => (
    <Suspense fallback={waiting}>
      <Loaded {...props} />
    </Suspense>
  )
}
