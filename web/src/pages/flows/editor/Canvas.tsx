import {
  Background,
  type Connection,
  ConnectionMode,
  type FinalConnectionState,
  MiniMap,
  type NodeChange,
  ReactFlow,
} from '@xyflow/react'
import '@xyflow/react/dist/base.css'
import { type ClipboardEvent, type DragEvent, type KeyboardEvent, useMemo, useRef, useState } from 'react'
import { changed, type Diagram, moved, type NewEdge, type Point } from '../../../flow/diagram'
import { edgeAt, GRID, placesOf, shapeOf } from '../../../flow/geometry'
import { settled } from '../../../flow/groups'
import { inserted } from '../../../flow/insert'
import { edgeOf, inputsOf } from '../../../flow/ports'
import { editor, useEditor } from '../../../flow/store'
import classes from './Canvas.module.css'
import { type Card, cardsOf, type Line, linesOf, portOf } from './cards'
import { addNode, pasteText, removeSelected, selectedText } from './commands'
import { connect } from './connect'
import { edgeBetween, whyNot } from './drawn'
import { DrawnLine, FlowLine } from './FlowLine'
import { onCanvas } from './keys'
import { NodeCard } from './NodeCard'
import { NoteCard } from './NoteCard'
import { Notice } from './Notice'
import { heldAt } from './over'
import { DRAGGED_KIND } from './Palette'
import { useView, ViewButtons } from './ViewButtons'

const nodeTypes = { card: NodeCard, note: NoteCard }
const edgeTypes = { line: FlowLine }

/** Smaller than this a card's small texts cannot be read. */
const FAR = 0.35

/** Where something is while it is dragged, and its size while it is pulled. */
type Held = Map<string, { position?: Point; width?: number; height?: number }>

/** The drawing. What is dragged is shown where it is held; an edit of the diagram is made when it is let go. */
export function Canvas() {
  const draft = useEditor(state => state.draft)
  const types = useEditor(state => state.types)
  const selection = useEditor(state => state.selection)
  const mayEdit = useEditor(state => state.mayEdit)
  const [held, setHeld] = useState<Held>()
  const cards = useRef<Card[]>([])
  const lines = useRef<Line[]>([])
  const root = useRef<HTMLDivElement>(null)
  const { onCanvasAt } = useView(root)
  // Seen from so far away nobody reads a card, and each text would be drawn anew in every frame.
  const [isFar, setFar] = useState(false)
  // What was drawn before is looked at for what stayed the same; drawing twice from it gives the same.
  const still = useMemo(() => {
    cards.current = cardsOf(draft, types, selection, cards.current)
    return cards.current
  }, [draft, types, selection])
  const drawn = useMemo(() => {
    lines.current = linesOf(draft, types, selection, lines.current)
    return lines.current
  }, [draft, types, selection])
  const shown = useMemo(
    () => (held ? still.map(card => (held.has(card.id) ? { ...card, ...held.get(card.id) } : card)) : still),
    [still, held],
  )

  const nodesChanged = (changes: NodeChange<Card>[]) => {
    select('nodes', changes)
    const next: Held = new Map(held)
    let isPulled = false
    for (const change of changes) {
      if (change.type === 'position' && change.position && (change.dragging || held)) {
        next.set(change.id, { ...next.get(change.id), position: change.position })
      }
      if (change.type === 'dimensions' && change.dimensions && change.resizing !== undefined) {
        next.set(change.id, { ...next.get(change.id), ...change.dimensions })
        isPulled ||= !change.resizing
      }
    }
    const [only, ...others] = next
    const card = only && others.length === 0 ? still.find(({ id }) => id === only[0]) : undefined
    if (card && only?.[1].position && isLoose(draft, card.id)) heldAt(middleOf(card, only[1].position))
    if (isPulled) pulled(next)
    else if (next.size > 0) setHeld(next)
  }
  const pulled = (sizes: Held) => {
    setHeld(undefined)
    editor.getState().edit('resize a note', now => {
      let next = now
      for (const [id, size] of sizes) next = changed(next, id, size)
      return next
    })
  }
  const dropped = (_: unknown, __: unknown, nodes: Card[]) => {
    setHeld(undefined)
    heldAt(undefined)
    const places = new Map(nodes.map(({ id, position }) => [id, position]))
    const count = nodes.length === 1 ? '1 node' : `${nodes.length} nodes`
    editor.getState().edit(`move ${count}`, now => {
      const there = moved(now, places)
      return there === now ? now : settled(between(there, nodes), new Set(places.keys()), types)
    })
  }
  /** A single node that is let go on an edge comes between its ends. */
  const between = (now: Diagram, [node, ...others]: Card[]): Diagram => {
    if (!node || others.length > 0) return now
    const at = placesOf(now).get(node.id)
    const { width, height } = shapeOf(node.data.node, types)
    const edge = at && edgeAt(now, types, { x: at.x + width / 2, y: at.y + height / 2 })
    return (edge !== undefined && inserted(now, types, edge, node.id)) || now
  }

  const connectEnd = (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
    const { fromHandle, toHandle, isValid } = state
    if (!fromHandle || isValid) return
    const edge = toHandle ? edgeBetween(fromHandle, toHandle) : onBody(event, fromHandle)
    if (typeof edge === 'string') editor.getState().say(`Not connected. ${edge}`, true)
    else if (edge) void connect(edge)
  }
  /** Let go on a card instead of a port of it: its first input is meant. */
  const onBody = (event: MouseEvent | TouchEvent, from: { nodeId: string; id?: string | null }) => {
    const { clientX, clientY } = 'changedTouches' in event ? (event.changedTouches[0] as Touch) : event
    const card = document.elementFromPoint(clientX, clientY)?.closest<HTMLElement>('.react-flow__node')
    const node = draft.nodes.find(({ id }) => id === card?.dataset['id'])
    if (!node || !from.id?.startsWith('out:')) return undefined
    return edgeOf(from.nodeId, portOf(from.id), node.id, inputsOf(node, types)[0] ?? 'in')
  }

  const pressed = (event: KeyboardEvent) => {
    if (event.target !== root.current) return
    const act = onCanvas(event, mayEdit)
    if (!act) return
    event.preventDefault()
    event.stopPropagation()
    act()
  }
  const copy = (event: ClipboardEvent) => {
    const text = selectedText()
    if (!text || event.target instanceof HTMLInputElement) return
    event.clipboardData.setData('text/plain', text)
    event.preventDefault()
  }
  const drop = (event: DragEvent) => {
    const kind = event.dataTransfer.getData(DRAGGED_KIND)
    if (!kind) return
    event.preventDefault()
    heldAt(undefined)
    void addNode(kind, onCanvasAt(event))
    root.current?.focus({ preventScroll: true })
  }
  const isEmpty = draft.nodes.length === 0
  // what is drawn later does not move what is looked at
  const [isFitted] = useState(!isEmpty)
  return (
    <section className={classes['canvas']} aria-label="Diagram" data-far={isFar}>
      <ReactFlow<Card, Line>
        ref={root}
        nodes={shown}
        edges={drawn}
        nodeTypes={nodeTypes}
        edgeTypes={edgeTypes}
        onNodesChange={nodesChanged}
        onEdgesChange={changes => select('edges', changes)}
        onNodeDragStop={dropped}
        onSelectionDragStop={(event, nodes) => dropped(event, undefined, nodes)}
        onConnect={connection => void connect(edgeOfConnection(connection))}
        onConnectEnd={connectEnd}
        isValidConnection={({ source, sourceHandle, target, targetHandle }) =>
          !whyNot(
            draft,
            types,
            { nodeId: source, id: sourceHandle ?? null },
            { nodeId: target, id: targetHandle ?? null },
          )
        }
        connectionMode={ConnectionMode.Loose}
        connectionLineComponent={DrawnLine}
        connectOnClick={false}
        onKeyDown={pressed}
        onKeyUp={() => editor.getState().seal()}
        onPointerDownCapture={() => root.current?.focus({ preventScroll: true })}
        onCopy={copy}
        onCut={event => {
          copy(event)
          if (mayEdit) removeSelected()
        }}
        onPaste={event => {
          event.preventDefault()
          if (mayEdit) pasteText(event.clipboardData.getData('text/plain'))
        }}
        onMove={(_, { zoom }) => setFar(zoom < FAR)}
        onDragOver={event => {
          if (!event.dataTransfer.types.includes(DRAGGED_KIND)) return
          event.preventDefault()
          event.dataTransfer.dropEffect = 'copy'
          heldAt(onCanvasAt(event))
        }}
        onDragLeave={() => heldAt(undefined)}
        onDrop={drop}
        tabIndex={0}
        aria-label="Canvas. Press ? for its keys."
        nodesDraggable={mayEdit}
        nodesConnectable={mayEdit}
        nodesFocusable={false}
        edgesFocusable={false}
        disableKeyboardA11y
        deleteKeyCode={null}
        snapToGrid
        snapGrid={[GRID, GRID]}
        elevateNodesOnSelect={false}
        onlyRenderVisibleElements
        minZoom={0.1}
        maxZoom={2}
        fitView={isFitted}
        // names can be read; whoever wants to see all of a large flow asks for it
        fitViewOptions={{ minZoom: 0.5, maxZoom: 1, padding: 0.1 }}
      >
        <Background gap={2 * GRID} />
        <MiniMap<Card>
          className={classes['map'] ?? ''}
          pannable
          zoomable
          ariaLabel="Map of the flow"
          nodeColor={({ data }) => `var(--kind-${data.type?.category ?? 'structure'})`}
        />
        <ViewButtons />
      </ReactFlow>
      {isEmpty && (
        <div className={classes['empty']}>
          {mayEdit
            ? 'Nothing is drawn yet. Begin with a source: drag “Device sensor” from the palette here, or press Enter on it.'
            : 'Nothing is drawn in this flow yet.'}
        </div>
      )}
      <Notice />
    </section>
  )
}

const isLoose = ({ edges }: Diagram, id: string) =>
  !edges.some(({ source, target }) => source === id || target === id)

/** Of a card that is held somewhere; one in a group is held from the group's corner, and comes into no edge until it is let go. */
function middleOf({ data, parentId }: Card, { x, y }: Point): Point | undefined {
  return parentId === undefined ? { x: x + data.shape.width / 2, y: y + data.shape.height / 2 } : undefined
}

function edgeOfConnection({ source, sourceHandle, target, targetHandle }: Connection): NewEdge {
  return edgeOf(source, portOf(sourceHandle), target, portOf(targetHandle))
}

/** What React Flow says was selected or left, in the store. */
function select(
  what: 'nodes' | 'edges',
  changes: readonly { type: string; id?: string; selected?: boolean }[],
): void {
  const chosen = changes.filter(change => change.type === 'select')
  if (chosen.length === 0) return
  const { selection, select } = editor.getState()
  const next = new Set(selection[what])
  for (const { id, selected } of chosen) {
    if (id === undefined) continue
    if (selected) next.add(id)
    else next.delete(id)
  }
  if (what === 'nodes') select(next, selection.edges)
  else select(selection.nodes, next)
}
