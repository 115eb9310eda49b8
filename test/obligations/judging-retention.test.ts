import { describe, expect, it } from 'vitest'
import { addTo } from '../../src/domain/policy/calendar.ts'
import { lotFor, retentionOf, transientLot } from '../../src/domain/policy/judge.ts'
import { CategoryKey, Day, EventId, RuleId, SubjectKind } from '../../src/domain/values.ts'
import { symphonyPolicy } from '../support/policy-file.ts'

const policy = symphonyPolicy()
const on = Day.parse('2016-02-29')

function kept(kind: string, category: string) {
  const rule = retentionOf(policy, SubjectKind.parse(kind), CategoryKey.parse(category))
  if (!rule) return null
  const { trigger, keep, minimum } = rule
  return { lot: lotFor(rule, on), trigger, due: addTo(on, keep), minimum: minimum ?? null }
}

describe('S35: kept while the account is active, or as needed', () => {
  it('S35 sets the clock of account data at the closure of the account', () => {
    expect(kept('account-holder', 'user.contact.email')).toEqual({
      lot: 'account-data',
      trigger: 'account-closure',
      due: '2016-03-30',
      minimum: null,
    })
  })

  it('S35 sets the clock of a prospect’s details at the last activity', () => {
    expect(kept('prospect', 'user.contact.email')).toMatchObject({
      lot: 'prospects',
      trigger: 'last-activity',
      due: '2018-02-28',
    })
  })

  it('S36 keeps each day’s orders on a clock of their own, and not shorter than the law asks', () => {
    expect(kept('account-holder', 'user.purchase.history')).toEqual({
      lot: 'orders/2016-02-29',
      trigger: 'collection',
      due: '2023-02-28',
      minimum: 'P7Y',
    })
  })

  it('S35 has an end for every category that any rule collects from any kind of person', () => {
    for (const rule of policy.source.collection) {
      if (rule.subject === 'none') continue
      for (const kind of rule.kinds) {
        for (const category of rule.categories) {
          expect(retentionOf(policy, kind, category), `${category} of ${kind}`).not.toBeNull()
        }
      }
    }
  })

  it('S35 knows no end of what it does not know', () => {
    expect(kept('account-holder', 'undeclared')).toBeNull()
    expect(kept('undeclared', 'user.name')).toBeNull()
  })

  it('S19 gives each transient collection a lot of its own', () => {
    const referral = policy.collection.get(RuleId.parse('referral'))!
    const event = EventId.parse('01890000-0000-7000-8000-000000000001')
    expect(transientLot(referral.rule, event)).toBe(`referral/${event}`)
    expect(kept('referred-person', 'user.contact.email')).toMatchObject({ due: '2016-03-01' })
  })
})
