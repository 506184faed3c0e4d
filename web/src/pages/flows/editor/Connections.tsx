import { ActionIcon, Button, UnstyledButton } from '@mantine/core'
import { type FlowEdge, type FlowNode, nameOf, nodeOf } from '../../../flow/diagram'
import { inputOf, inputsOf, outOf, outsOf } from '../../../flow/ports'
import { editor, useEditor } from '../../../flow/store'
import { RemoveIcon } from '../../../parts/icons'
import { removeSelected } from './commands'
import { openDialog } from './dialog'
import classes from './Inspector.module.css'

/** Where a node's records come from and go to, each edge to be gone along or taken away. */
export function Connections({ node }: { node: FlowNode }) {
  const { draft, types, mayEdit } = useEditor()
  const into = draft.edges.filter(edge => edge.target === node.id)
  const from = draft.edges.filter(edge => edge.source === node.id)
  const hasPorts = outsOf(node, types).length > 0
  const takes = inputsOf(node, types).length > 0
  if (node.type === 'comment') return null
  return (
    <section aria-label="Connections">
      {takes && <strong>Comes from</strong>}
      {takes && into.length === 0 && <div className="dim">Nothing leads into it yet.</div>}
      <List edges={into} other={edge => edge.source} port={edge => inputOf(edge, node, types)} usual="in" />
      {hasPorts && <strong>Leads to</strong>}
      <List edges={from} other={edge => edge.target} port={edge => outOf(edge, node, types)} usual="out" />
      {hasPorts && from.length === 0 && <div className="dim">Its results lead nowhere yet.</div>}
      {hasPorts && mayEdit && (
        <Button size="xs" variant="default" mt={4} onClick={() => openDialog('connect')}>
          Connect…
        </Button>
      )}
    </section>
  )
}

interface ListProps {
  edges: readonly FlowEdge[]
  /** The node at the other end. */
  other: (edge: FlowEdge) => string
  port: (edge: FlowEdge) => string
  /** The port that need not be told. */
  usual: string
}

function List({ edges, other, port, usual }: ListProps) {
  const { draft, types, mayEdit, reveal, edit } = useEditor()
  if (edges.length === 0) return null
  return (
    <ul className={classes['connections']}>
      {edges.map(edge => {
        const node = nodeOf(draft, other(edge))
        const name = node ? nameOf(node, types) : 'a node that is not there'
        const by = port(edge)
        return (
          <li key={edge.id}>
            <UnstyledButton onClick={() => node && reveal(node.id)} c="var(--accent)">
              {by === usual ? name : `${by}: ${name}`}
            </UnstyledButton>
            {mayEdit && (
              <ActionIcon
                size="sm"
                variant="subtle"
                color="gray"
                aria-label={`Remove the edge ${usual === 'in' ? 'from' : 'to'} ${name}`}
                onClick={() =>
                  edit('delete 1 edge', now => ({
                    ...now,
                    edges: now.edges.filter(({ id }) => id !== edge.id),
                  }))
                }
              >
                <RemoveIcon />
              </ActionIcon>
            )}
          </li>
        )
      })}
    </ul>
  )
}

/** An edge that is selected. */
export function EdgeFacts({ edge }: { edge: FlowEdge }) {
  const { draft, types, mayEdit, problems } = useEditor()
  const [source, target] = [nodeOf(draft, edge.source), nodeOf(draft, edge.target)]
  const name = (node: FlowNode | undefined, id: string) => (node ? nameOf(node, types) : id)
  return (
    <>
      <strong>Edge</strong>
      <dl className={classes['facts']}>
        <dt>From</dt>
        <dd>
          {name(source, edge.source)}, output {outOf(edge, source, types)}
        </dd>
        <dt>To</dt>
        <dd>
          {name(target, edge.target)}, input {inputOf(edge, target, types)}
        </dd>
      </dl>
      {problems
        .filter(problem => problem.edge === edge.id)
        .map(problem => (
          <p key={`${problem.field} ${problem.message}`} style={{ color: 'var(--bad)' }}>
            {problem.message}
          </p>
        ))}
      {mayEdit && (
        <Button size="xs" variant="outline" color="red" onClick={() => removeSelected()}>
          Delete the edge
        </Button>
      )}
      <Button size="xs" variant="default" onClick={() => editor.getState().reveal(edge.source)}>
        Go to its source
      </Button>
    </>
  )
}
