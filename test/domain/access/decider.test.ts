import { describe, expect, it } from 'vitest'
import type { AccessCommand } from '../../../src/domain/access/commands.ts'
import { accessDecider } from '../../../src/domain/access/decider.ts'
import { accessEventData, type AccessEvent } from '../../../src/domain/access/events.ts'
import { given, recorded, refusalsOf } from '../../support/given.ts'

function event<T extends AccessEvent['type']>(type: T, data: object): AccessEvent {
  return { type, version: 1, data: accessEventData[type].parse(data) } as AccessEvent
}
const token = { token: 'crm', role: 'source', label: 'CRM', digest: 'a'.repeat(64) }
const issue = { type: 'IssueToken', ...token } as unknown as AccessCommand
const revoke = { type: 'RevokeToken', token: 'crm', reason: 'leaked' } as unknown as AccessCommand
const issued = given(accessDecider, event('TokenIssued', token))
const revoked = issued.and(event('TokenRevoked', { token: 'crm', reason: 'leaked' }))

describe('a token', () => {
  it('is issued under a name that is never given again', () => {
    expect(given(accessDecider).when(issue, undefined)).toEqual(
      recorded(event('TokenIssued', token)),
    )
    const refusals = [
      {
        code: 'already_exists',
        obligation: null,
        rule: null,
        explanation: 'A token of this name was issued already; give it another.',
      },
    ]
    expect(issued.when(issue, undefined)).toEqual({
      outcome: 'refused',
      refusals,
      events: [event('AccessStepRefused', { command: 'IssueToken', refusals })],
    })
    expect(refusalsOf(revoked.when(issue, undefined))).toEqual(['already_exists'])
  })

  it('is revoked once, and opens nothing any more', () => {
    expect(issued.when(revoke, undefined)).toEqual(
      recorded(event('TokenRevoked', { token: 'crm', reason: 'leaked' })),
    )
    expect(revoked.when(revoke, undefined)).toEqual(recorded())
    expect(refusalsOf(given(accessDecider).when(revoke, undefined))).toEqual(['not_found'])
    expect([...revoked.state.tokens.values()].map(({ status }) => status)).toEqual(['revoked'])
  })
})
