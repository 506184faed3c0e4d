import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Confirm as Asked } from '../../parts/Confirm'

/** Asks before something is done, does it, and closes when it is done. */
export function Confirm({
  act,
  onClose,
  ...said
}: {
  title: string
  children: ReactNode
  /** What the button says that does it. */
  verb: string
  /** And the one that does not. */
  keep: string
  act: () => Promise<unknown>
  onClose: () => void
}) {
  const done = useMutation({ mutationFn: act, onSuccess: onClose })
  return (
    <Asked
      opened
      close={onClose}
      error={done.error}
      pending={done.isPending}
      onConfirm={() => done.mutate()}
      {...said}
    />
  )
}
