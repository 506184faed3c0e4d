import { NativeSelect, TextInput } from '@mantine/core'
import { type KeyboardEvent, useMemo, useRef, useState } from 'react'
import { type Diagram, type FlowNode, type NodeTypes, nameOf } from '../../../flow/diagram'
import { edgeOf, feedersOf, inputsOf, outsOf, refusal } from '../../../flow/ports'
import { useEditor } from '../../../flow/store'
import classes from './ConnectDialog.module.css'
import { selectedNode } from './commands'
import { connect } from './connect'

interface Target {
  node: FlowNode
  input: string
  /** Why not. */
  reason: string | undefined
}

/** An edge without a mouse: an output of the selected node, then where it leads. What is refused stands below, with its reason. */
export function ConnectDialog({ close }: { close: () => void }) {
  const draft = useEditor(state => state.draft)
  const types = useEditor(state => state.types)
  const [source] = useState(selectedNode)
  const outs = source ? outsOf(source, types) : []
  const [out, setOut] = useState(outs[0])
  const [typed, setTyped] = useState('')
  const [refused, setRefused] = useState<string>()
  const list = useRef<HTMLUListElement>(null)
  const targets = useMemo(
    () => (source && out !== undefined ? targetsOf(draft, types, source, out) : []),
    [draft, types, source, out],
  )
  if (!source) return <p>Select one node first: the one that the edge begins at.</p>
  if (out === undefined) return <p>“{nameOf(source, types)}” has no output to begin at.</p>
  const words = typed.toLowerCase()
  const found = targets.filter(({ node, input }) =>
    `${nameOf(node, types)} ${node.type} ${input}`.toLowerCase().includes(words),
  )
  const choose = async ({ node, input, reason }: Target) => {
    if (reason) return setRefused(reason)
    if (await connect(edgeOf(source.id, out, node.id, input))) close()
    else setRefused(useEditor.getState().notice?.text)
  }
  const pressed = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && found[0]) {
      event.preventDefault()
      void choose(found[0])
    }
    if (event.key === 'ArrowDown') {
      event.preventDefault()
      list.current?.querySelector('button')?.focus()
    }
  }
  const walked = (event: KeyboardEvent) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key]
    if (!by) return
    event.preventDefault()
    const buttons = [...(list.current?.querySelectorAll('button') ?? [])]
    buttons[buttons.indexOf(document.activeElement as HTMLButtonElement) + by]?.focus()
  }
  return (
    <div className="stack" style={{ gap: 8 }}>
      <NativeSelect
        label={`Output of ${nameOf(source, types)}`}
        data={outs}
        value={out}
        onChange={event => setOut(event.currentTarget.value)}
      />
      <TextInput
        data-autofocus
        label="Leads to"
        placeholder="Type a name; Enter takes the first"
        value={typed}
        onChange={event => {
          setTyped(event.currentTarget.value)
          setRefused(undefined)
        }}
        onKeyDown={pressed}
      />
      {refused && (
        <div role="alert" style={{ color: 'var(--bad)' }}>
          {refused}
        </div>
      )}
      {found.length === 0 && <p className="dim">No node is called so.</p>}
      <ul ref={list} className={classes['targets']} aria-label="Where it may lead" onKeyDown={walked}>
        {found.map(target => (
          <li key={`${target.node.id} ${target.input}`}>
            <button
              type="button"
              aria-disabled={target.reason !== undefined}
              onClick={() => void choose(target)}
            >
              <span>
                {nameOf(target.node, types)}
                {target.input !== 'in' && `, input ${target.input}`}
              </span>
              {target.reason && <small>{target.reason}</small>}
            </button>
          </li>
        ))}
      </ul>
    </div>
  )
}

/** Everything with an input; what may not be connected comes last. */
function targetsOf(draft: Diagram, types: NodeTypes, source: FlowNode, out: string): Target[] {
  const above = feedersOf(draft, source.id)
  const all = draft.nodes.flatMap(node => {
    if (node.type === 'comment' || node.id === source.id) return []
    const inputs = inputsOf(node, types)
    return (inputs.length > 0 ? inputs : ['in']).map(input => ({
      node,
      input,
      reason: refusal(draft, types, edgeOf(source.id, out, node.id, input), above),
    }))
  })
  return [...all.filter(({ reason }) => !reason), ...all.filter(({ reason }) => reason)]
}
