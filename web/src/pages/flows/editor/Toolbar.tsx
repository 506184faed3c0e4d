import { ActionIcon, Button, Menu, Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { isDirty, useEditor } from '../../../flow/store'
import { copy } from '../../../parts/copy'
import { BackIcon, KeysIcon, MoreIcon, RedoIcon, TidyIcon, UndoIcon } from '../../../parts/icons'
import { slots } from '../slots'
import {
  duplicate,
  groupSelected,
  removeSelected,
  selectAll,
  selectedText,
  tidy,
  ungroupSelected,
} from './commands'
import { openDialog } from './dialog'
import { Saving } from './Saving'
import { saveAndSay } from './save'
import classes from './Toolbar.module.css'

/** What can be done to the flow as a whole. */
export function Toolbar() {
  const name = useEditor(state => state.saved?.flow.name)
  const mayEdit = useEditor(state => state.mayEdit)
  return (
    <div className={classes['toolbar']} role="toolbar" aria-label="Flow">
      <Link to="/flows" className={classes['back']} aria-label="All flows">
        <BackIcon />
      </Link>
      <h1>{name}</h1>
      <Saving />
      <div className={classes['end']}>
        {mayEdit && <Edits />}
        <Tool label="Keys" onClick={() => openDialog('keys')}>
          <KeysIcon />
        </Tool>
        {slots.toolbar.map((Part, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: they never change
          <Part key={n} />
        ))}
      </div>
    </div>
  )
}

function Edits() {
  const undone = useEditor(state => state.history.past.at(-1)?.name)
  const redone = useEditor(state => state.history.future.at(-1)?.name)
  const isChanged = useEditor(isDirty)
  const { undo, redo } = useEditor.getState()
  return (
    <>
      <Tool label={undone ? `Undo: ${undone}` : 'Undo'} disabled={!undone} onClick={undo}>
        <UndoIcon />
      </Tool>
      <Tool label={redone ? `Do again: ${redone}` : 'Do again'} disabled={!redone} onClick={redo}>
        <RedoIcon />
      </Tool>
      <Tool label="Tidy" onClick={() => void tidy()}>
        <TidyIcon />
      </Tool>
      <More />
      <Button size="xs" variant="default" disabled={!isChanged} onClick={() => void saveAndSay()}>
        Save
      </Button>
    </>
  )
}

function Tool({
  label,
  disabled = false,
  onClick,
  children,
}: {
  label: string
  disabled?: boolean
  onClick: () => void
  children: ReactNode
}) {
  return (
    <Tooltip label={label}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        className={classes['tool'] ?? ''}
        aria-label={label}
        disabled={disabled}
        onClick={onClick}
      >
        {children}
      </ActionIcon>
    </Tooltip>
  )
}

function More() {
  const some = useEditor(state => state.selection.nodes.size > 0)
  const any = useEditor(state => state.selection.nodes.size + state.selection.edges.size > 0)
  const say = useEditor(state => state.say)
  const copySelected = async () =>
    (await copy(selectedText()))
      ? say('Copied')
      : say('The browser did not let it be copied: press Ctrl+C on the canvas.', true)
  return (
    <Menu position="bottom-end" withinPortal>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="More">
          <MoreIcon />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item onClick={selectAll}>Select everything</Menu.Item>
        <Menu.Item disabled={!some} onClick={() => void copySelected()}>
          Copy as JSON
        </Menu.Item>
        <Menu.Item onClick={() => openDialog('paste')}>Paste JSON…</Menu.Item>
        <Menu.Item disabled={!some} onClick={duplicate}>
          Duplicate
        </Menu.Item>
        <Menu.Item disabled={!some} onClick={groupSelected}>
          Group
        </Menu.Item>
        <Menu.Item disabled={!some} onClick={ungroupSelected}>
          Take the group apart
        </Menu.Item>
        <Menu.Item disabled={!any} onClick={removeSelected}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
