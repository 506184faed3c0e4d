import { Button, Modal } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Trouble } from '../../parts/Trouble'

/** Asks before something is done that cannot be taken back, or that others notice. */
export function Confirm({
  title,
  children,
  verb,
  keep,
  bad = false,
  act,
  onClose,
  size = 'md',
}: {
  title: string
  children: ReactNode
  /** What the button says that does it. */
  verb: string
  /** And the one that does not. */
  keep: string
  bad?: boolean
  act: () => Promise<unknown>
  onClose: () => void
  size?: string
}) {
  const done = useMutation({ mutationFn: act, onSuccess: onClose })
  return (
    <Modal opened onClose={onClose} title={title} size={size} closeButtonProps={{ 'aria-label': 'Close' }}>
      <div className="stack">
        {children}
        {done.error && <Trouble error={done.error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button variant="default" onClick={onClose} data-autofocus>
            {keep}
          </Button>
          <Button {...(bad ? { color: 'red' } : {})} onClick={() => done.mutate()} loading={done.isPending}>
            {verb}
          </Button>
        </div>
      </div>
    </Modal>
  )
}
