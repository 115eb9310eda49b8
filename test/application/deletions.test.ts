import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeletions } from '../../src/application/deletions.ts'
import { createRegister } from '../../src/application/register.ts'
import { Reference, type SubjectId } from '../../src/domain/values.ts'
import type { Executor } from '../../src/ledger/execute-types.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { first, registration, Someone } from '../support/whole-ledger.ts'

let stack: Stack
beforeEach(async () => {
  stack = await openStack()
})
afterEach(() => stack.dispose())

/** The power goes off. */
class Killed extends Error {}

/**
 * Deletions on the real stores, of which nothing happens any more after so many steps: each step is one call that
 * changes a store, and the power goes off right before it, or right behind it.
 */
function deletionsKilledAt(step: number, when: 'before' | 'behind') {
  const { custody } = stack
  let steps = 0
  let dead = false
  const counted =
    <A extends unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      steps += 1
      if (dead || (when === 'before' && steps === step)) {
        dead = true
        throw new Killed()
      }
      const answer = await call(...args)
      if (steps !== step) return answer
      dead = true
      throw new Killed()
    }
  const vault: Vault = Object.create(custody.vault) as Vault
  for (const name of [
    'fence',
    'unfence',
    'suppress',
    'destroySubject',
    'destroyLots',
    'destroyKeys',
  ] as const) {
    Object.assign(vault, {
      [name]: counted((custody.vault[name] as () => Promise<void>).bind(custody.vault)),
    })
  }
  const execute: unknown = counted((ask: never) => custody.executor.execute(ask))
  const executor: Executor = { ...custody.executor, execute: execute as never }
  const { views, log, now } = custody
  const register = createRegister(log, views)
  const deletions = createDeletions({
    executor,
    vault,
    views,
    register,
    forgetExports: () => {},
    now,
  })
  return { deletions, steps: () => steps }
}

const deletion = Reference.parse('d-1')
const requestOf = (subject: SubjectId, scope: object) => ({
  ...{ subject, deletion, cause: 'request' as const, request: null, at: null },
  scope: scope as { everything: true },
})

async function typesOf(subject: SubjectId): Promise<string[]> {
  const { custody, caller } = stack
  await custody.caughtUp()
  const position = custody.views.position()
  return custody.views
    .audit(caller.controller, position, { subject }, first)
    .rows.map(({ type }) => type)
}

describe('N4: a deletion that is killed between any two steps', () => {
  const scopes: [string, object][] = [
    ['everything', { everything: true }],
    ['one category', { categories: ['user.name'] }],
  ]
  it.each(scopes)(
    'of %s is finished by the next start, and each step is recorded once',
    async (_, scope) => {
      let step = 1
      for (let done = false; !done; step += 1) {
        for (const when of ['before', 'behind'] as const) {
          const ann = new Someone(stack)
          await ann.asks(registration)
          await ann.asks({ type: 'object', purpose: 'promotional-mail', channel: 'email' })
          const subject = await ann.subject()
          const killed = deletionsKilledAt(step, when)
          const outcome = await killed.deletions
            .request(stack.caller, requestOf(subject, scope))
            .catch((error: unknown) => error)
          done = !(outcome instanceof Killed)
          stack = await stack.reopen()
          const { custody, caller } = stack
          await custody.services.deletions.resume(caller, null, 100)
          const types = await typesOf(subject)
          const requested = types.includes('DeletionRequested')
          if (step > 1 || when === 'behind') expect(requested).toBe(true)
          if (!requested) continue
          const deleting = types.filter((type) =>
            /^(?:Deletion|DataDeleted|SubjectErased)/.test(type),
          )
          const whole = 'everything' in scope
          expect(deleting, `step ${step}, ${when}`).toEqual(
            whole
              ? ['DeletionRequested', 'DataDeleted', 'SubjectErased']
              : ['DeletionRequested', 'DataDeleted'],
          )
          expect(await custody.vault.holds(caller.controller, subject)).toBe(!whole)
          const open = { position: custody.views.position() }
          const held = custody.views.inventory(caller.controller, open, { subject }, first).rows
          expect(held.map(({ category }) => category)).toEqual(whole ? [] : ['user.contact.email'])
        }
      }
      expect(step).toBeGreaterThan(4)
    },
    180_000,
  )
})

describe('N5: a hold', () => {
  const matter = Reference.parse('hartwell')
  const place = () =>
    stack.custody.services.holds.place(stack.caller, {
      ...{ matter, title: 'Hartwell v. Symphony', ground: 'legal-claim', document: 'Complaint' },
      scope: { everything: true },
    })

  it.each(['request', 'retention', 'account-closure', 'instruction'] as const)(
    'defers a deletion on account of %s, and its release lets it go on',
    async (cause) => {
      const { custody, caller } = stack
      const ann = new Someone(stack)
      await ann.reports('2015-01-10T20:00:00.000Z', {
        ...registration,
        kind: 'prospect',
        selfIdentified: true,
        purposes: ['contact-prospect'],
      })
      const subject = await ann.subject()
      await place()
      const lots = custody.views.retention(
        caller.controller,
        custody.views.position(),
        {},
        first,
      ).rows
      const scope =
        cause === 'retention' ? { lots: lots.map(({ lot }) => lot) } : { everything: true }
      const asked = { ...requestOf(subject, scope), cause }
      expect(await custody.services.deletions.request(caller, asked)).toMatchObject({
        outcome: 'deferred',
        holds: [matter],
      })
      expect(Object.keys(await ann.opened()).length).toBeGreaterThan(0)
      await custody.caughtUp()
      expect(await custody.services.deletions.resume(caller, null, 10)).toEqual([])
      await custody.services.holds.release(caller, { matter, reason: 'settled' })
      await custody.caughtUp()
      expect(await custody.services.deletions.resume(caller, null, 10)).toMatchObject([
        { outcome: 'deleted' },
      ])
      expect((await typesOf(subject)).filter((type) => type.startsWith('D'))).toContain(
        'DeletionResumed',
      )
      if (cause !== 'retention') {
        expect(await custody.vault.holds(caller.controller, subject)).toBe(false)
      }
    },
  )

  it('defers a transient collection that was used, and its release lets it go on', async () => {
    const { custody, caller } = stack
    const friend = new Someone(stack)
    const told = await friend.asks({
      ...{ type: 'collect', channel: 'web-form', kind: 'referred-person' },
      ...{ purposes: ['referral-mail'], providedBy: 'customer-7' },
      values: { 'user.contact.email': { address: 'friend@example.org' } },
    })
    await place()
    const use = { type: 'use', purpose: 'referral-mail', categories: ['user.contact.email'] }
    await friend.asks({ ...use, collection: told.event })
    const subject = await friend.subject()
    expect(await typesOf(subject)).toEqual([
      'DataCollected',
      'DataUsed',
      'DeletionRequested',
      'DeletionDeferred',
    ])
    await custody.services.holds.release(caller, { matter, reason: 'settled' })
    await custody.caughtUp()
    await custody.services.deletions.resume(caller, null, 10)
    expect((await typesOf(subject)).slice(4)).toEqual(['DeletionResumed', 'DataDeleted'])
    expect(await friend.opened()).toEqual({})
  })
})
