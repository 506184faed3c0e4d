import { Button, Skeleton } from '@mantine/core'
import { lazy, Suspense, useRef, useState } from 'react'
import { Problem } from '../../../api/problem'
import { PlusIcon } from '../../../parts/icons'
import { Trouble } from '../../../parts/Trouble'
import { kindOf } from '../../../widgets/kinds'
import { DEFAULT_RANGE } from '../../../widgets/range'
import type { Board, Stored, WidgetType } from '../model/board'
import { added, newId } from '../model/edits'
import type { Size } from '../model/place'
import { Canvas } from './Canvas'
import classes from './Editor.module.css'
import { Leaving } from './Leaving'
import { Toolbar } from './Toolbar'
import { type Refusal, useEditor } from './useEditor'
import { useShortcuts } from './useShortcuts'

// What is opened by hand is loaded then; the editor is there sooner.
const AddWidget = lazy(() => import('./AddWidget').then(({ AddWidget }) => ({ default: AddWidget })))
const Conflict = lazy(() => import('./Conflict').then(({ Conflict }) => ({ default: Conflict })))
const Settings = lazy(() => import('./Settings').then(({ Settings }) => ({ default: Settings })))

interface Props {
  start: Stored
  user: string
  unsaved: Board | undefined
}

export function Editor({ start, user, unsaved }: Props) {
  const editor = useEditor(start, user, unsaved)
  // On a phone one arranges what one sees there.
  const [size, setSize] = useState<Size>(() => (innerWidth <= 640 ? 'sm' : 'lg'))
  const [selected, setSelected] = useState<string>()
  const [isAdding, setAdding] = useState(false)
  const canvas = useRef<HTMLDivElement>(null)
  useShortcuts(editor)
  const { board, edit, stored } = editor
  const item = board.items.find(({ widget_id }) => widget_id === selected)
  const add = (type: WidgetType) => {
    const { config, size: room, name } = kindOf(type)
    const widget_id = newId(type)
    edit(now =>
      added(
        now,
        {
          widget_id,
          title: name,
          widget_type: type,
          widget_config: config,
          source: { data_source_type: 'static', static_value: null },
          aggregation: 'last',
          refresh_interval: 1_000,
          max_samples: 50,
        },
        room,
      ),
    )
    setAdding(false)
    setSelected(widget_id)
  }
  const close = () => {
    setSelected(undefined)
    // Back to where one was, for who goes by keyboard.
    if (selected)
      canvas.current?.querySelector<HTMLElement>(`[data-widget="${CSS.escape(selected)}"]`)?.focus()
  }
  return (
    <div className="stack">
      <title>{`Edit ${board.name} · EdgeSync`}</title>
      <Toolbar editor={editor} size={size} onSize={setSize} onAdd={() => setAdding(true)} />
      {editor.refusal && (
        <div className="stack" style={{ gap: 8 }}>
          <Trouble error={editor.refusal.error} />
          <Why refusal={editor.refusal} />
          {editor.refusal.widget && <Where board={board} widget={editor.refusal.widget} onGo={setSelected} />}
        </div>
      )}
      <div className={classes['work']} data-open={item !== undefined}>
        <div ref={canvas} className={classes['canvas']} data-size={size}>
          {board.layouts.lg.length === 0 ? (
            <div className="panel stack" style={{ alignItems: 'flex-start' }}>
              <div>There is nothing on it yet.</div>
              <Button leftSection={<PlusIcon />} onClick={() => setAdding(true)}>
                Add the first widget
              </Button>
            </div>
          ) : (
            <Canvas
              editor={editor}
              size={size}
              selected={selected}
              onSelect={setSelected}
              range={DEFAULT_RANGE}
            />
          )}
        </div>
        {item && (
          <Suspense fallback={<Skeleton height={320} />}>
            <Settings
              key={item.widget_id}
              item={item}
              editor={editor}
              organization={stored.template.organization_id}
              onClose={close}
            />
          </Suspense>
        )}
      </div>
      <Suspense>
        {isAdding && <AddWidget onClose={() => setAdding(false)} onAdd={add} />}
        {editor.conflict && <Conflict conflict={editor.conflict} editor={editor} />}
      </Suspense>
      <Leaving editor={editor} />
    </div>
  )
}

/** What is wrong with which field. */
function Why({ refusal: { error } }: { refusal: Refusal }) {
  const fields = error instanceof Problem ? [...error.fields] : []
  if (fields.length === 0) return null
  return (
    <ul style={{ margin: 0, paddingLeft: 24 }}>
      {fields.map(([field, message]) => (
        <li key={field}>
          <span className="mono">{field}</span> {message}.
        </li>
      ))}
    </ul>
  )
}

/** Which widget the server refused. */
function Where({ board, widget, onGo }: { board: Board; widget: string; onGo: (id: string) => void }) {
  const item = board.items.find(({ widget_id }) => widget_id === widget)
  if (!item) return null
  return (
    <div className="row">
      It is about the widget “{item.title || kindOf(item.widget_type).name}”. Nothing was saved.
      <Button size="xs" variant="default" onClick={() => onGo(widget)}>
        Open its settings
      </Button>
    </div>
  )
}
