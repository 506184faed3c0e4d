/** The open document: what is saved, what is drawn, the way back and forth, what is selected and what is wrong. One is open at a time. */
import { create } from 'zustand'
import type { Schemas } from '../api/client'
import { type Diagram, EMPTY, type FlowProblem, isSame, type NodeTypes, nodeIds } from './diagram'
import { type History, NO_HISTORY, redone, sealed, stepped, undone } from './history'

export type Flow = Schemas['FlowDiagram']

/** A flow as the server has it. */
export interface Saved {
  flow: Flow
  etag: string
  diagram: Diagram
}

export interface Selection {
  readonly nodes: ReadonlySet<string>
  readonly edges: ReadonlySet<string>
}

/** The draft could not be saved because somebody else saved in between. */
export interface Conflict {
  base: Saved
  mine: Diagram
  theirs: Saved
}

export interface EditorState {
  /** Nothing while no flow is open. */
  saved: Saved | undefined
  types: NodeTypes
  /** Whether one may change it. */
  mayEdit: boolean
  draft: Diagram
  history: History
  selection: Selection
  /** Of the newest check, those of edges too. */
  problems: readonly FlowProblem[]
  /** The diagram that they are about; another one than `draft` while a check is on its way. */
  checked: Diagram | undefined
  /** Whether the newest check could not be made. */
  isUnchecked: boolean
  conflict: Conflict | undefined
  /** What was just done or refused, for the line under the canvas and for those who cannot see it. */
  notice: { text: string; isRefusal: boolean } | undefined
  /** What is to be brought into view; `n` counts, so that the same node can be asked for again. */
  revealed: { id: string; n: number }

  open(saved: Saved, types: NodeTypes, mayEdit: boolean): void
  close(): void
  /** Draws anew. Nothing changes and no step is made if `change` gives back what it got. */
  edit(name: string, change: (diagram: Diagram) => Diagram, key?: string): void
  /** What comes next is a step of its own. */
  seal(): void
  undo(): void
  redo(): void
  select(nodes: Iterable<string>, edges?: Iterable<string>): void
  reveal(id: string): void
  say(text: string, isRefusal?: boolean): void
  /** What was drawn is saved now. */
  adopt(saved: Saved): void
  found(problems: readonly FlowProblem[], of: Diagram): void
  resolve(diagram: Diagram | undefined): void
}

const NONE: Selection = { nodes: new Set(), edges: new Set() }

const closed = {
  saved: undefined,
  types: new Map() as NodeTypes,
  mayEdit: false,
  draft: EMPTY,
  history: NO_HISTORY,
  selection: NONE,
  problems: [] as readonly FlowProblem[],
  checked: undefined,
  isUnchecked: false,
  conflict: undefined,
  notice: undefined,
  revealed: { id: '', n: 0 },
}

export const useEditor = create<EditorState>()((set, get) => ({
  ...closed,
  open: (saved, types, mayEdit) => set({ ...closed, saved, types, mayEdit, draft: saved.diagram }),
  close: () => set(closed),
  edit: (name, change, key) => {
    const { draft, history, mayEdit } = get()
    if (!mayEdit) return
    const next = change(draft)
    if (next === draft) return
    set({ draft: next, history: stepped(history, draft, name, key), notice: undefined, ...kept(get(), next) })
  },
  seal: () => set(({ history }) => ({ history: sealed(history) })),
  undo: () => {
    const { history, draft, mayEdit } = get()
    if (!mayEdit) return
    const name = history.past.at(-1)?.name
    const turned = undone(history, draft)
    if (turned) set({ ...turnedTo(turned), ...kept(get(), turned.diagram), ...told(`Undone: ${name}`) })
  },
  redo: () => {
    const { history, draft, mayEdit } = get()
    if (!mayEdit) return
    const name = history.future.at(-1)?.name
    const turned = redone(history, draft)
    if (turned) set({ ...turnedTo(turned), ...kept(get(), turned.diagram), ...told(`Done again: ${name}`) })
  },
  select: (nodes, edges = []) => {
    const { selection } = get()
    const next = { nodes: new Set(nodes), edges: new Set(edges) }
    if (!isSameSet(selection.nodes, next.nodes) || !isSameSet(selection.edges, next.edges)) {
      set({ selection: next })
    }
  },
  reveal: id => {
    get().select([id])
    set(({ revealed }) => ({ revealed: { id, n: revealed.n + 1 } }))
  },
  say: (text, isRefusal = false) => set({ notice: { text, isRefusal } }),
  adopt: saved => set({ saved }),
  found: (problems, of) => set({ problems, checked: of, isUnchecked: false }),
  resolve: diagram => {
    const { conflict, draft, history } = get()
    if (!conflict) return
    if (!diagram) return set({ conflict: undefined })
    const step = isSame(diagram, draft) ? history : stepped(history, draft, 'resolve a conflict')
    set({
      conflict: undefined,
      saved: conflict.theirs,
      draft: diagram,
      history: step,
      ...kept(get(), diagram),
    })
  },
}))

/** For what is no component. */
export const editor = useEditor

/** Whether there is something to save. */
export function isDirty({ saved, draft }: EditorState): boolean {
  return saved !== undefined && !isSame(saved.diagram, draft)
}

const turnedTo = ({ history, diagram }: { history: History; diagram: Diagram }) => ({
  history,
  draft: diagram,
})

const told = (text: string) => ({ notice: { text, isRefusal: false } })

/** Of what is selected, what is still there. */
function kept({ selection }: EditorState, diagram: Diagram): { selection?: Selection } {
  if (selection.nodes.size === 0 && selection.edges.size === 0) return {}
  const [nodes, edges] = [nodeIds(diagram), new Set(diagram.edges.map(edge => edge.id))]
  const next = {
    nodes: new Set([...selection.nodes].filter(id => nodes.has(id))),
    edges: new Set([...selection.edges].filter(id => edges.has(id))),
  }
  const isAll = next.nodes.size === selection.nodes.size && next.edges.size === selection.edges.size
  return isAll ? {} : { selection: next }
}

function isSameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  return a.size === b.size && [...a].every(one => b.has(one))
}
