import { expect, test } from 'vitest'
import type { FlowSummary } from '../../api/flows'
import { stateOf, versionOf } from './state'

const flow = (more: Partial<FlowSummary>) =>
  ({ is_active: false, state: null, version: 3, deployed_version: null, ...more }) as FlowSummary

test('a flow is as the server says, and else about to, or a draft', () => {
  expect(stateOf(flow({}))).toBe('draft')
  expect(stateOf(flow({ is_active: true, state: 'running' }))).toBe('running')
  expect(stateOf(flow({ is_active: true, state: 'slowed' }))).toBe('slowed')
  expect(stateOf(flow({ state: 'suspended' }))).toBe('suspended')
  expect(stateOf(flow({ is_active: true, state: null }))).toBe('pending')
})

test('the version that runs is told with whether somebody has drawn on', () => {
  expect(versionOf(flow({}))).toBe('not deployed')
  expect(versionOf(flow({ deployed_version: 3 }))).toBe('3')
  expect(versionOf(flow({ deployed_version: 2 }))).toBe('2, draft is newer')
})
