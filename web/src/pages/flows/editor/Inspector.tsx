import { Button, Skeleton, Tabs, TextInput } from '@mantine/core'
import { lazy, Suspense } from 'react'
import { type FlowNode, nameOf, nodeOf } from '../../../flow/diagram'
import { isGroup } from '../../../flow/geometry'
import { editor, useEditor } from '../../../flow/store'
import { slots } from '../slots'
import { Connections, EdgeFacts } from './Connections'
import { duplicate, groupSelected, removeSelected, tidy, ungroupSelected } from './commands'
import { Help } from './Help'
import classes from './Inspector.module.css'

// The fields of forms are as large as the canvas: they come when the first node is selected.
const ConfigForm = lazy(() => import('./ConfigForm'))

/** What is selected: its configuration, what comes through it, what it is. */
export function Inspector() {
  const { nodes, edges } = useEditor(state => state.selection)
  const draft = useEditor(state => state.draft)
  const [id] = nodes
  const node = nodes.size === 1 && id !== undefined ? nodeOf(draft, id) : undefined
  const [edgeId] = edges
  const edge = nodes.size === 0 && edges.size === 1 ? draft.edges.find(({ id }) => id === edgeId) : undefined
  return (
    <section className={classes['inspector']} aria-label="Inspector" data-inspector>
      {node ? (
        <Of key={node.id} node={node} />
      ) : edge ? (
        <EdgeFacts edge={edge} />
      ) : nodes.size + edges.size > 0 ? (
        <Several nodes={nodes.size} edges={edges.size} />
      ) : (
        <Nothing />
      )}
    </section>
  )
}

function Of({ node }: { node: FlowNode }) {
  const types = useEditor(state => state.types)
  const mayEdit = useEditor(state => state.mayEdit)
  const type = types.get(node.type)
  const { label } = node.data
  const rename = (text: string) => {
    const name = nameOf(node, types)
    editor.getState().edit(
      `rename ${name}`,
      now => ({
        ...now,
        nodes: now.nodes.map(one =>
          one.id === node.id ? { ...one, data: { ...one.data, label: text } } : one,
        ),
      }),
      `rename ${node.id}`,
    )
  }
  return (
    <>
      <TextInput
        size="xs"
        label="Name"
        placeholder={type?.title ?? node.type}
        value={typeof label === 'string' ? label : ''}
        maxLength={200}
        readOnly={!mayEdit}
        onChange={event => rename(event.currentTarget.value)}
        onBlur={() => editor.getState().seal()}
      />
      <div className="dim">
        {isGroup(node) ? 'Group' : (type?.title ?? `Unknown type “${node.type}”`)}, id {node.id}
      </div>
      <Tabs defaultValue="config" keepMounted={false}>
        <Tabs.List>
          <Tabs.Tab value="config">Config</Tabs.Tab>
          {slots.live && <Tabs.Tab value="live">Live</Tabs.Tab>}
          <Tabs.Tab value="help">Help</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="config" pt="sm">
          <div className={classes['form']}>
            <Suspense fallback={<Skeleton height={96} />}>
              <ConfigForm node={node} type={type} />
            </Suspense>
            <Connections node={node} />
            {isGroup(node) && mayEdit && (
              <Button size="xs" variant="default" onClick={ungroupSelected}>
                Take the group apart
              </Button>
            )}
          </div>
        </Tabs.Panel>
        {slots.live && (
          <Tabs.Panel value="live" pt="sm">
            <slots.live node={node.id} />
          </Tabs.Panel>
        )}
        <Tabs.Panel value="help" pt="sm">
          <Help type={type} />
        </Tabs.Panel>
      </Tabs>
    </>
  )
}

function Several({ nodes, edges }: { nodes: number; edges: number }) {
  const mayEdit = useEditor(state => state.mayEdit)
  const words = [nodes > 0 && `${nodes} nodes`, edges > 0 && `${edges} ${edges === 1 ? 'edge' : 'edges'}`]
  return (
    <>
      <strong>{words.filter(Boolean).join(' and ')} selected</strong>
      {mayEdit && (
        <div className="row">
          {nodes > 0 && (
            <>
              <Button size="xs" variant="default" onClick={groupSelected}>
                Group
              </Button>
              <Button size="xs" variant="default" onClick={() => void tidy()}>
                Tidy
              </Button>
              <Button size="xs" variant="default" onClick={duplicate}>
                Duplicate
              </Button>
            </>
          )}
          <Button size="xs" variant="outline" color="red" onClick={removeSelected}>
            Delete
          </Button>
        </div>
      )}
    </>
  )
}

function Nothing() {
  const flow = useEditor(state => state.saved?.flow)
  const nodes = useEditor(state => state.draft.nodes.length)
  const mayEdit = useEditor(state => state.mayEdit)
  return (
    <>
      {flow?.description && <p>{flow.description}</p>}
      <p className="dim">
        {nodes > 0 && 'Select a node to see its configuration. '}
        {mayEdit &&
          'Drag nodes from the palette, or press Enter on one, and draw edges from output to input.'}
      </p>
      <p className="dim">
        {flow?.deployed_version == null
          ? 'This flow does not run yet.'
          : `Version ${flow.deployed_version} runs, whatever is drawn here, until another one is deployed.`}
      </p>
    </>
  )
}
