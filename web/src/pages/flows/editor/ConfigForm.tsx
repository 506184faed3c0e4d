import { configured, type FlowNode, type NodeType, nameOf } from '../../../flow/diagram'
import { fieldsOf, oneNeeded, type Schema } from '../../../flow/schema'
import { editor, useEditor } from '../../../flow/store'
import { Context, isOf } from './fields/context'
import { ValueField } from './fields/ValueField'

/** A node without a kind that is known: its keys as JSON. */
const ANY: Schema = { type: 'object', properties: {} }

/** The configuration of a node, by the JSON Schema of its kind. What the check says is wrong stands at its field. */
export default function ConfigForm({ node, type }: { node: FlowNode; type: NodeType | undefined }) {
  const mayEdit = useEditor(state => state.mayEdit)
  const types = useEditor(state => state.types)
  const problems = useEditor(state => state.problems)
  const mine = problems.filter(problem => problem.node === node.id)
  const schema = type?.schema ?? ANY
  const fields = fieldsOf(schema)
  const needed = oneNeeded(schema)
  const change = (key: string, value: unknown) => {
    const name = nameOf(node, types)
    editor.getState().edit(
      `change ${key} of ${name}`,
      now => {
        const data = now.nodes.find(({ id }) => id === node.id)?.data ?? {}
        if (JSON.stringify(data[key]) === JSON.stringify(value)) return now
        return configured(now, node.id, { ...data, [key]: value })
      },
      `change ${node.id} ${key}`,
    )
  }
  const general = mine.filter(problem => !fields.some(({ key }) => isOf(problem, key)))
  return (
    <Context value={{ node, isReadOnly: !mayEdit }}>
      {general.map(({ message, code }) => (
        <div key={message} style={{ color: code === 'unconnected' ? 'var(--warn)' : 'var(--bad)' }}>
          {message}
        </div>
      ))}
      {needed.length > 0 && <div className="dim">At least one of: {needed.join(', ')}</div>}
      {fields.map(({ key, schema, isRequired }) => (
        <ValueField
          key={key}
          name={key}
          schema={schema}
          isRequired={isRequired}
          value={node.data[key]}
          problems={mine.filter(problem => isOf(problem, key))}
          onChange={value => change(key, value)}
        />
      ))}
    </Context>
  )
}
