import { ActionIcon, Button, SegmentedControl, Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { lazy, Suspense, useState } from 'react'
import { BackIcon, PlusIcon, RedoIcon, UndoIcon } from '../../../parts/icons'
import { followed } from '../model/edits'
import type { Size } from '../model/place'
import classes from './Toolbar.module.css'
import type { EditorState } from './useEditor'

const About = lazy(() => import('./About').then(({ About }) => ({ default: About })))

const SIZE_WORDS = [
  { value: 'lg', label: 'Wide' },
  { value: 'md', label: 'Tablet' },
  { value: 'sm', label: 'Phone' },
]

interface Props {
  editor: EditorState
  size: Size
  onSize: (size: Size) => void
  onAdd: () => void
}

export function Toolbar({ editor, size, onSize, onAdd }: Props) {
  const [isAbout, setAbout] = useState(false)
  const { board, edit, isUnsaved, isSaving } = editor
  const id = editor.stored.template.id
  return (
    <div className={classes['bar']}>
      <div className={classes['title']}>
        <Link to="/dashboards/$id" params={{ id }} className="row" style={{ gap: 4 }}>
          <BackIcon />
          Back to the dashboard
        </Link>
        <div className="row" style={{ flexWrap: 'nowrap' }}>
          <h1>{board.name}</h1>
          <Button size="compact-xs" variant="default" onClick={() => setAbout(true)}>
            Name and project
          </Button>
        </div>
      </div>
      <div className={classes['tools']}>
        <SegmentedControl
          size="xs"
          aria-label="Width that is arranged"
          value={size}
          onChange={next => onSize(next as Size)}
          data={SIZE_WORDS}
        />
        {size !== 'lg' && board.layouts[size] !== null && (
          <Button size="xs" variant="default" onClick={() => edit(now => followed(now, size))}>
            Follow the wide one
          </Button>
        )}
        <Button size="xs" variant="default" leftSection={<PlusIcon />} onClick={onAdd}>
          Add a widget
        </Button>
        <div className={classes['steps']}>
          <Tooltip label="Undo (Ctrl Z)">
            <ActionIcon
              variant="default"
              size={30}
              aria-label="Undo"
              disabled={!editor.canUndo}
              onClick={editor.undo}
            >
              <UndoIcon />
            </ActionIcon>
          </Tooltip>
          <Tooltip label="Redo (Ctrl Shift Z)">
            <ActionIcon
              variant="default"
              size={30}
              aria-label="Redo"
              disabled={!editor.canRedo}
              onClick={editor.redo}
            >
              <RedoIcon />
            </ActionIcon>
          </Tooltip>
        </div>
        <Button
          size="xs"
          disabled={!isUnsaved || board.name.trim() === ''}
          loading={isSaving}
          onClick={() => editor.save()}
        >
          Save
        </Button>
        <span className={classes['state']} role="status">
          {isSaving ? 'Saving' : isUnsaved ? 'Not saved yet' : 'Saved'}
        </span>
      </div>
      {isAbout && (
        <Suspense>
          <About
            onClose={() => setAbout(false)}
            board={board}
            organization={editor.stored.template.organization_id}
            edit={edit}
          />
        </Suspense>
      )}
    </div>
  )
}
