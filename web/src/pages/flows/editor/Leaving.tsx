import { useBlocker } from '@tanstack/react-router'
import { lazy, Suspense } from 'react'
import { editor, isDirty } from '../../../flow/store'

const LeavingDialog = lazy(() => import('./LeavingDialog'))

/** Asks who leaves with something that is not saved. */
export function Leaving() {
  const blocker = useBlocker({
    shouldBlockFn: ({ current, next }) => current.pathname !== next.pathname && isDirty(editor.getState()),
    enableBeforeUnload: () => isDirty(editor.getState()),
    withResolver: true,
  })
  if (blocker.status !== 'blocked') return null
  return (
    <Suspense>
      <LeavingDialog stay={blocker.reset} leave={blocker.proceed} />
    </Suspense>
  )
}
