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

/** What one may do who only looks, too. */
const looking: Readonly<Record<string, () => void>> = {
  n: () => step(1),
  N: () => step(-1),
  Enter: () => document.querySelector<HTMLElement>('[data-inspector] :is(input, textarea, button)')?.focus(),
  Escape: () => editor.getState().select([]),
  f: () => view.current?.fit(),
  '+': () => view.current?.zoomBy(1.25),
  '-': () => view.current?.zoomBy(0.8),
  '?': () => openDialog('keys'),
}

const drawing: Readonly<Record<string, () => void>> = {
  '/': () => document.querySelector<HTMLElement>('[data-palette-search]')?.focus(),
  c: () => openDialog('connect'),
  Delete: removeSelected,
  Backspace: removeSelected,
  g: groupSelected,
  G: ungroupSelected,
  t: () => void tidy(),
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
export function onCanvas(event: Pressed, mayEdit: boolean): (() => void) | undefined {
  const isControl = event.ctrlKey || event.metaKey
  const arrow = ARROWS[event.key]
  if (arrow) {
    const by = event.altKey ? 10 * GRID : GRID
    if (event.shiftKey && mayEdit) return () => nudge({ x: arrow.x * by, y: arrow.y * by })
    return () => walk(arrow, isControl)
  }
  if (event.altKey) return undefined
  if (isControl) {
    const key = letter(event)
    return key === 'a' ? selectAll : key === 'd' && mayEdit ? duplicate : undefined
  }
  const key = letter(event)
  return looking[key] ?? (mayEdit ? drawing[key] : undefined)
}

/** What a key does in the whole editor. */
export function inEditor(event: Pressed, isText: boolean): (() => void) | undefined {
  if (!(event.ctrlKey || event.metaKey) || event.altKey) return undefined
  const key = letter(event)
  if (key === 's') return () => void saveAndSay()
  return isText ? undefined : everywhere[key]
}

/** A letter by the shift key alone, whatever Caps Lock makes of it. */
function letter({ key, shiftKey }: Pressed): string {
  if (key.length > 1) return key
  return shiftKey ? key.toUpperCase() : key.toLowerCase()
}
