import { expect, test } from 'vitest'
import type { FlowDiagram } from '../../api/flows'
import { exported, fileName, imported } from './files'

const nodes = [{ id: 'a', type: 'device-sensor', position: { x: 0, y: 0 }, data: { devices: [] }, zIndex: 7 }]
const edges = [{ id: 'e', source: 'a', target: 'b', animated: true }]

const trouble = (text: string) => {
  const read = imported(text)
  return 'trouble' in read ? read.trouble : undefined
}

test('what is exported comes back as it was, unknown keys too', () => {
  const flow = {
    id: 'x',
    owner_id: 'me',
    name: 'Pumps',
    description: 'hall 2',
    tags: ['pump'],
    nodes,
    edges,
    metadata: { viewport: { x: 1, y: 2, zoom: 1 } },
    deployed_version: 7,
  } as unknown as FlowDiagram
  const text = exported(flow)
  expect(text).not.toContain('owner_id')
  const { name, description, tags, metadata } = flow
  expect(imported(text)).toEqual({ flow: { name, description, tags, nodes, edges, metadata } })
})

test('a diagram of React Flow is a flow, wherever in the file it is', () => {
  const viewport = { x: 0, y: 0, zoom: 2 }
  expect(imported(JSON.stringify({ nodes, edges, viewport }))).toEqual({
    flow: { nodes, edges, metadata: { viewport } },
  })
  expect(imported(JSON.stringify({ flow: { nodes } }))).toEqual({ flow: { nodes, edges: [], metadata: {} } })
})

test('what is none says what it has to be', () => {
  expect(trouble('{"nodes": [')).toContain('no JSON')
  expect(trouble('[1]')).toContain('a list “nodes”')
  expect(trouble('{"nodes": {}}')).toContain('a list “nodes”')
  expect(trouble('{"nodes": [1]}')).toContain('no object')
  expect(trouble(JSON.stringify({ nodes: Array.from({ length: 501 }, () => ({})) }))).toContain('501 nodes')
  expect(trouble(JSON.stringify({ nodes: [{ text: 'x'.repeat(1_100_000) }] }))).toContain('1 MiB')
})

test('a file is called as the flow is, with letters that every disk takes', () => {
  expect(fileName('Pump 1 / hot')).toBe('Pump-1-hot.flow.json')
  expect(fileName('../..')).toBe('flow.flow.json')
  expect(fileName('Überlauf')).toBe('U-berlauf.flow.json')
})
