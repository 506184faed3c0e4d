/** The keys of the canvas: what they do, and how the help tells it. */
import { GRID } from '../../../flow/geometry'
import { editor } from '../../../flow/store'
import {
  duplicate,
  groupSelected,
  nudge,
  removeSelected,
  selectAll,
  step,
  tidy,
  ungroupSelected,
  walk,
} from './commands'
import { openDialog } from './dialog'
import { saveAndSay } from './save'
import { view } from './view'

/** For the help: keys, and what they do. */
export const KEYS: readonly [keys: string, word: string][] = [
  ['/', 'Search the palette; Enter there adds a node, Shift+Enter connects it too'],
  ['Arrows', 'Go to the next node in that direction'],
  ['N, Shift+N', 'Go to the next, or the previous, node'],
  ['Ctrl+Arrows', 'Select the next node too'],
  ['Ctrl+A', 'Select everything'],
  ['Escape', 'Select nothing'],
  ['Shift+Arrows', 'Move what is selected; with Alt further'],
  ['C', 'Connect the selected node: an output, then where it leads'],
  ['Enter', 'Configure the selected node'],
  ['Delete', 'Delete what is selected'],
  ['Ctrl+C, Ctrl+X, Ctrl+V', 'Copy, cut, paste, as JSON'],
  ['Ctrl+D', 'Duplicate what is selected'],
  ['G, Shift+G', 'Group what is selected; take a group apart'],
  ['T', 'Tidy what is selected, or everything'],
  ['Ctrl+Z, Ctrl+Shift+Z', 'Undo, do again'],
  ['F', 'Show the whole flow'],
  ['+, -', 'Zoom'],
  ['Ctrl+S', 'Save'],
  ['?', 'Show these keys'],
]

const ARROWS: Readonly<Record<string, { x: number; y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
}

const plain: Readonly<Record<string, () => void>> = {
  '/': () => document.querySelector<HTMLElement>('[data-palette-search]')?.focus(),
  n: () => step(1),
  N: () => step(-1),
  c: () => openDialog('connect'),
  Enter: () => document.querySelector<HTMLElement>('[data-inspector] :is(input, textarea, button)')?.focus(),
  Delete: removeSelected,
  Backspace: removeSelected,
  Escape: () => editor.getState().select([]),
  g: groupSelected,
  G: ungroupSelected,
  t: () => void tidy(),
  f: () => view.current?.fit(),
  '+': () => view.current?.zoomBy(1.25),
  '-': () => view.current?.zoomBy(0.8),
  '?': () => openDialog('keys'),
}

const withControl: Readonly<Record<string, () => void>> = {
  a: selectAll,
  d: duplicate,
}

/** Keys that do the same wherever one is in the editor, but in a text, where they are the text's. */
const everywhere: Readonly<Record<string, () => void>> = {
  z: () => editor.getState().undo(),
  Z: () => editor.getState().redo(),
  y: () => editor.getState().redo(),
}

interface Pressed {
  key: string
  ctrlKey: boolean
  metaKey: boolean
  shiftKey: boolean
  altKey: boolean
}

/** What a key does on the canvas; nothing if it is none of ours. */
export function onCanvas(event: Pressed): (() => void) | undefined {
  const isControl = event.ctrlKey || event.metaKey
  const arrow = ARROWS[event.key]
  if (arrow) {
    const by = event.altKey ? 10 * GRID : GRID
    if (event.shiftKey) return () => nudge({ x: arrow.x * by, y: arrow.y * by })
    return () => walk(arrow, isControl)
  }
  if (event.altKey) return undefined
  return isControl ? withControl[event.key] : plain[event.key]
}

/** What a key does in the whole editor. */
export function inEditor(event: Pressed, isText: boolean): (() => void) | undefined {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return undefined
  if (event.key === 's') return () => void saveAndSay()
  return isText ? undefined : everywhere[event.key]
}
