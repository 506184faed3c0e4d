/** A node's configuration in a line. */
import type { FlowNode, NodeType } from './diagram'
import { fieldsOf } from './schema'

export function summaryOf(node: FlowNode, type: NodeType): string {
  const said = fieldsOf(type.schema).flatMap(({ key, schema }) => {
    const value = node.data[key]
    const isUsual = JSON.stringify(value) === JSON.stringify(schema['default'])
    if (value === undefined || value === null || value === '' || isUsual) return []
    return [brief(key, value)]
  })
  return said.join(' · ')
}

function brief(key: string, value: unknown): string {
  if (key === 'expression' || key === 'series' || key === 'mode' || key === 'type' || key === 'method') {
    return String(value)
  }
  if (key === 'devices' || key === 'deviceUuid') {
    const count = Array.isArray(value) ? new Set(value).size : 1
    return count === 1 ? '1 device' : `${count} devices`
  }
  if (value === true) return key
  if (!Array.isArray(value)) return typeof value === 'object' ? key : `${key} ${value}`
  const parts = value.map(one => {
    if (typeof one !== 'object' || one === null) return String(one)
    if (Array.isArray(one)) return one.join(' → ')
    const { name, expression } = one as { name?: unknown; expression?: unknown }
    return name === undefined
      ? JSON.stringify(one)
      : key === 'cases'
        ? `${name}`
        : `${name} = ${expression ?? ''}`
  })
  return parts.join(', ')
}
