import { Button, Modal, TextInput } from '@mantine/core'
import { type FormEvent, type ReactNode, useState } from 'react'
import { Trouble } from './Trouble'

interface Props {
  opened: boolean
  close: () => void
  title: string
  /** What happens then, and what instead may be meant. */
  children: ReactNode
  /** On the button that does it. */
  verb: string
  /** On the button that does not. */
  keep?: string
  /** What must be typed before, for what cannot be taken back. */
  typed?: string
  error: unknown
  pending: boolean
  onConfirm: () => void
}

/** Asks before something is done that takes something away. */
export function Confirm(props: Props) {
  const { opened, close, title, children, verb, keep = 'Cancel', typed, error, pending, onConfirm } = props
  const [text, setText] = useState('')
  const isMeant = typed === undefined || text.trim() === typed
  const leave = () => {
    setText('')
    close()
  }
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (isMeant) onConfirm()
  }
  return (
    <Modal opened={opened} onClose={leave} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form className="stack" onSubmit={submit}>
        <div>{children}</div>
        {typed !== undefined && (
          <TextInput
            label={`Type “${typed}” to go on`}
            value={text}
            onChange={event => setText(event.currentTarget.value)}
            autoComplete="off"
            spellCheck={false}
            data-autofocus
          />
        )}
        {error !== null && error !== undefined && <Trouble error={error} />}
        <div className="row" style={{ justifyContent: 'flex-end' }}>
          <Button
            variant="default"
            onClick={leave}
            {...(typed === undefined ? { 'data-autofocus': true } : {})}
          >
            {keep}
          </Button>
          <Button type="submit" color="red" loading={pending} disabled={!isMeant}>
            {verb}
          </Button>
        </div>
      </form>
    </Modal>
  )
}
