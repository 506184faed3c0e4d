import { expect, test } from 'vitest'
import { actionsOf, detailsOf, isAction } from './audit'
import { auditSearch } from './search'

test('an entry says what it is about, and what there is beside, but not what there is not', () => {
  const said = (details: object) => detailsOf({ details: details as Record<string, never> })
  expect(said({ name: 'pump', changed: ['name', 'status'] })).toBe('“pump” · name, status')
  expect(said({ overlap_s: 0, token_prefix: 'esd_12', why: null, ids: [] })).toBe('token prefix esd_12')
  expect(said({ flows: { count: 2, ids: ['a'] } })).toBe('flows {"count":2,"ids":["a"]}')
})

test('a filter that an address cannot have is none', () => {
  const id = '00000000-0000-7000-8000-000000000000'
  const search = { actor: id, action: 'device.created', target: 'x', from: '2026-01-01', to: 'soon', junk: 1 }
  expect(auditSearch(search)).toEqual({
    actor: id,
    action: 'device.created',
    from: '2026-01-01T00:00:00.000Z',
  })
  expect(auditSearch({ action: 'drop table' })).toEqual({})
  expect([isAction('device.created'), isAction('constructor')]).toEqual([true, false])
})

test('accounts and sessions are in the own log only', () => {
  expect(actionsOf(true)).not.toContain('session.started')
  expect(actionsOf(false)).toContain('session.started')
  expect(actionsOf(true)).toContain('api_token.created')
})
