import { Button, Kbd, Modal, Table, Textarea } from '@mantine/core'
import { useState } from 'react'
import { useEditor } from '../../../flow/store'
import { ConnectDialog } from './ConnectDialog'
import { pasteText } from './commands'
import { closeDialog, useDialog } from './dialog'
import { KEYS } from './keys'
import { view } from './view'

/** The dialogs that keys and buttons open. Behind them the keyboard is on the canvas again. */
export default function Dialogs() {
  const open = useDialog(state => state.open)
  const close = () => {
    closeDialog()
    setTimeout(() => view.current?.focus())
  }
  const common = {
    opened: true,
    onClose: close,
    returnFocus: false,
    closeButtonProps: { 'aria-label': 'Close' },
  }
  switch (open) {
    case undefined:
      return null
    case 'connect':
      return (
        <Modal {...common} title="Connect">
          <ConnectDialog close={close} />
        </Modal>
      )
    case 'keys':
      return (
        <Modal {...common} title="Keys of the canvas" size="lg">
          <Keys />
        </Modal>
      )
    case 'paste':
      return (
        <Modal {...common} title="Paste JSON" size="lg">
          <Paste close={close} />
        </Modal>
      )
  }
}

function Keys() {
  return (
    <Table>
      <Table.Tbody>
        {KEYS.map(([keys, word]) => (
          <Table.Tr key={keys}>
            <Table.Th scope="row" style={{ whiteSpace: 'nowrap', fontWeight: 400 }}>
              {keys.split(', ').map(key => (
                <Kbd key={key} size="xs" mr={4}>
                  {key}
                </Kbd>
              ))}
            </Table.Th>
            <Table.Td>{word}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Paste({ close }: { close: () => void }) {
  const [typed, setTyped] = useState('')
  const [isRefused, setRefused] = useState(false)
  const notice = useEditor(state => state.notice)
  const paste = () => {
    if (pasteText(typed)) close()
    else setRefused(true)
  }
  return (
    <div className="stack">
      <Textarea
        data-autofocus
        label="Nodes and edges, as they were copied"
        description="Also a whole diagram of another flow. What is pasted has ids of its own, and is one step to undo."
        autosize
        minRows={6}
        maxRows={16}
        value={typed}
        onChange={event => {
          setTyped(event.currentTarget.value)
          setRefused(false)
        }}
      />
      {isRefused && notice && (
        <div role="alert" style={{ color: 'var(--bad)' }}>
          {notice.text}
        </div>
      )}
      <div className="row" style={{ justifyContent: 'flex-end' }}>
        <Button onClick={paste} disabled={typed.trim() === ''}>
          Paste
        </Button>
      </div>
    </div>
  )
}
