import { randomBytes } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { CategoryKey, ControllerId, EventId, Lot, SubjectId } from '../../src/domain/values.ts'
import { open, seal } from '../../src/vault/sealing.ts'
import {
  type DataKey,
  type Identifier,
  IdentifierInvalid,
  type KeyScope,
  SubjectFenced,
  type Vault,
} from '../../src/vault/vault.ts'
import { randomFrom, seed } from '../support/seed.ts'

/** One store that lives as long as the harness, however often it is opened and closed. */
export type VaultHarness = Readonly<{
  /** A new handle on the store, as another process would have it. Reads phone numbers as of the US. */
  open(options?: { cacheBounds?: { dataKeys: number; spellings: number } }): Promise<Vault>
  /** Closes what is open, and removes the store. */
  dispose(): Promise<void>
}>

export const symphony = 'symphony-commerce' as ControllerId
export const acquirer = 'acquirer' as ControllerId

export function email(value: string): Identifier {
  return { scheme: 'email', value }
}

export function scope(category: string, lot: string): KeyScope {
  return { category: category as CategoryKey, lot: lot as Lot }
}

export function someone(): SubjectId {
  return randomBytes(16).toString('hex') as SubjectId
}

const phone = (value: string): Identifier => ({ scheme: 'phone', value })
const customer = (value: string): Identifier => ({ scheme: 'customer-id', value })
const contact = scope('user.contact.email', 'account-data')
const orders = scope('user.payment', 'orders/2015-02-11')
const ids = (keys: readonly (DataKey | null)[]) => keys.map((key) => key?.id ?? null)

/** What every vault keeps, whatever it stands on. */
export function vaultContract(name: string, create: () => Promise<VaultHarness>): void {
  describe(`${name} keeps the contract of a vault`, () => {
    let harness: VaultHarness
    let vault: Vault

    beforeEach(async () => {
      harness = await create()
      vault = await harness.open()
    })
    afterEach(() => harness.dispose())

    describe('identifiers', () => {
      it('are unknown at first, then belong to the subject that was made for them', async () => {
        expect(await vault.find(symphony, [email('ann@example.org')])).toBeNull()
        const made = await vault.identify(symphony, [email('ann@example.org')])
        expect(made).toMatchObject({ made: true, conflicts: [] })
        expect(made.subject).toMatch(/^[0-9a-f]{32}$/)
        expect(await vault.find(symphony, [email('ann@example.org')])).toBe(made.subject)
        expect(await vault.identify(symphony, [email('ann@example.org')])).toEqual({
          subject: made.subject,
          made: false,
          conflicts: [],
        })
      })

      it('are one under many spellings', async () => {
        const { subject } = await vault.identify(symphony, [
          email('Ann@Example.org'),
          phone('(415) 555-0100'),
        ])
        for (const identifier of [
          email(' ann@example.org '),
          email('"Ann" <ANN@EXAMPLE.ORG.>'),
          email('mailto:ann@example.org'),
          phone('+1 415 555 0100'),
          phone('tel:+1-415-555-0100'),
        ]) {
          expect(await vault.find(symphony, [identifier])).toBe(subject)
          expect(await vault.identify(symphony, [identifier])).toMatchObject({
            subject,
            made: false,
          })
        }
      })

      it('give one subject to a hundred concurrent calls for one new person', async () => {
        const other = await harness.open()
        const calls = Array.from({ length: 100 }, (_, index) =>
          (index % 2 ? vault : other).identify(symphony, [
            email(index % 3 ? 'ann@example.org' : 'ANN@example.org'),
            customer(`c-${index}`),
          ]),
        )
        const answers = await Promise.all(calls)
        expect(new Set(answers.map(({ subject }) => subject)).size).toBe(1)
        expect(answers.filter(({ made }) => made)).toHaveLength(1)
        for (let index = 0; index < 100; index += 1) {
          expect(await other.find(symphony, [customer(`c-${index}`)])).toBe(answers[0]!.subject)
        }
      })

      it('that nobody owns are linked to the subject that the first known one decides', async () => {
        const { subject } = await vault.identify(symphony, [email('ann@example.org')])
        const linked = await vault.identify(symphony, [
          customer('c-1'),
          email('ann@example.org'),
          phone('+14155550100'),
        ])
        expect(linked).toEqual({ subject, made: false, conflicts: [] })
        expect(await vault.find(symphony, [customer('c-1')])).toBe(subject)
        expect(await vault.find(symphony, [phone('415 555 0100')])).toBe(subject)
      })

      it('that another owns stay there and are told by their scheme only', async () => {
        const ann = await vault.identify(symphony, [email('ann@example.org')])
        const bob = await vault.identify(symphony, [phone('+14155550100'), customer('c-2')])
        const mixed = [
          email('ann@example.org'),
          phone('+14155550100'),
          customer('c-2'),
          customer('c-3'),
        ]
        for (let time = 0; time < 2; time += 1) {
          expect(await vault.identify(symphony, mixed)).toEqual({
            subject: ann.subject,
            made: false,
            conflicts: ['phone', 'customer-id'],
          })
          expect(vault.findCached(symphony, mixed)).toBeNull()
          expect(await vault.find(symphony, mixed)).toBe(ann.subject)
        }
        expect(await vault.find(symphony, [phone('+14155550100')])).toBe(bob.subject)
        expect(await vault.find(symphony, [customer('c-3')])).toBe(ann.subject)
        expect(await vault.find(symphony, [email('nobody@example.org'), customer('c-2')])).toBe(
          bob.subject,
        )
      })

      it('count once when a list names one twice, and by scheme when the text is the same', async () => {
        const ann = await vault.identify(symphony, [email('ann@x.org'), email('ANN@x.org')])
        expect(ann).toMatchObject({ made: true, conflicts: [] })
        const one = await vault.identify(symphony, [customer('4711')])
        const two = await vault.identify(symphony, [{ scheme: 'cookie-id', value: '4711' }])
        expect(one.subject).not.toBe(two.subject)
      })

      it('are apart for each controller', async () => {
        const here = await vault.identify(symphony, [email('ann@example.org')])
        expect(await vault.find(acquirer, [email('ann@example.org')])).toBeNull()
        const there = await vault.identify(acquirer, [email('ann@example.org')])
        expect(there).toMatchObject({ made: true })
        expect(there.subject).not.toBe(here.subject)
        expect(vault.findCached(symphony, [email('ann@example.org')])).toBe(here.subject)
        expect(vault.findCached(acquirer, [email('ann@example.org')])).toBe(there.subject)
      })

      it('are identified for many people in order, in one call', async () => {
        const known = await vault.identify(symphony, [email('p7@example.org')])
        const people = Array.from({ length: 500 }, (_, index) => [
          email(`p${index % 400}@example.org`),
          customer(`c-${index % 400}`),
        ])
        const answers = await vault.identifyAll(symphony, people)
        expect(answers).toHaveLength(500)
        expect(answers[7]).toMatchObject({ subject: known.subject, made: false })
        expect(answers.filter(({ made }) => made)).toHaveLength(399)
        for (const [index, { subject }] of answers.entries()) {
          expect(subject).toBe(answers[index % 400]!.subject)
        }
        const other = await harness.open()
        for (const index of [0, 7, 123, 399]) {
          expect(await other.find(symphony, people[index]!)).toBe(answers[index]!.subject)
        }
        expect(await vault.identifyAll(symphony, [])).toEqual([])
      })

      it('that break a rule are refused without being repeated, and nothing is made', async () => {
        const bad = [email('good@example.org'), email('very secret@@')]
        const refused = await vault.identify(symphony, bad).catch((error: unknown) => error)
        expect(refused).toBeInstanceOf(IdentifierInvalid)
        expect(refused).toMatchObject({
          scheme: 'email',
          rule: expect.stringMatching(/^email must/),
        })
        expect(String(refused)).not.toContain('secret')
        await expect(vault.find(symphony, bad)).rejects.toThrow(IdentifierInvalid)
        await expect(vault.identify(symphony, [])).rejects.toThrow(RangeError)
        expect(await vault.find(symphony, [])).toBeNull()
        expect(vault.findCached(symphony, bad)).toBeNull()
        expect(vault.findCached(symphony, [])).toBeNull()
        expect(await vault.find(symphony, [email('good@example.org')])).toBeNull()
        expect(vault.checkIdentifiers(bad)).toMatchObject({ index: 1, scheme: 'email' })
        expect(
          vault.checkIdentifiers([email('good@example.org'), phone('415 555 0100')]),
        ).toBeNull()
      })

      it('agree with a model over random calls from two handles', async () => {
        const random = randomFrom(seed())
        const other = await harness.open({ cacheBounds: { dataKeys: 8, spellings: 8 } })
        const model = new Map<string, SubjectId>()
        for (let step = 0; step < 300; step += 1) {
          const who = Array.from({ length: 1 + Math.floor(random() * 3) }, () =>
            customer(`m-${Math.floor(random() * 120)}`),
          )
          const handle = random() < 0.5 ? vault : other
          const owner = who.map(({ value }) => model.get(value)).find((found) => found) ?? null
          if (random() < 0.3) {
            expect(await handle.find(symphony, who)).toBe(owner)
            continue
          }
          const answer = await handle.identify(symphony, who)
          expect(answer.made).toBe(owner === null)
          if (owner) expect(answer.subject).toBe(owner)
          const conflicts = who.filter(({ value }) => {
            const found = model.get(value)
            if (!found) model.set(value, answer.subject)
            return found !== undefined && found !== answer.subject
          })
          expect(answer.conflicts).toEqual(conflicts.map(({ scheme }) => scheme))
        }
      })
    })

    describe('data keys', () => {
      it('are made where they are missing, in order, and are the same from then on', async () => {
        const subject = someone()
        const first = await vault.keysFor(symphony, subject, [contact])
        const both = await vault.keysFor(symphony, subject, [orders, contact, orders])
        expect(ids(both)).toEqual([both[0]!.id, first[0]!.id, both[0]!.id])
        expect(both[0]!.id).not.toBe(first[0]!.id)
        expect(both[0]!.key.equals(both[1]!.key)).toBe(false)
        for (const key of both) expect(key.id).toMatch(/^[A-Za-z0-9_-]{1,32}$/)
        expect(await vault.keysFor(symphony, subject, [])).toEqual([])
      })

      it('open after the store was closed and opened what was sealed before', async () => {
        const subject = someone()
        const [key] = await vault.keysFor(symphony, subject, [contact])
        const eventId = '0190163d-8694-739b-aea5-966c26f8ad91' as EventId
        const place = { controller: symphony, subject, eventId, ...contact }
        const sealed = seal(place, key!, { email: 'ann@example.org' })
        await vault.close()
        const again = await harness.open()
        expect(again.cachedKeys(symphony, subject, [contact])).toBeNull()
        const [found] = await again.openKeys(symphony, subject, [contact])
        expect(open(place, found!, sealed)).toEqual({
          ok: true,
          values: { email: 'ann@example.org' },
        })
      })

      it('are one for concurrent calls, also on two handles', async () => {
        const subject = someone()
        const other = await harness.open()
        const answers = await Promise.all(
          Array.from({ length: 60 }, (_, index) =>
            (index % 2 ? vault : other).keysFor(symphony, subject, [contact, orders]),
          ),
        )
        for (const keys of answers) {
          expect(ids(keys)).toEqual(ids(answers[0]!))
          expect(keys[0]!.key.equals(answers[0]![0]!.key)).toBe(true)
        }
      })

      it('are made for many subjects in order', async () => {
        const wanted = Array.from({ length: 200 }, (_, index) => ({
          subject: someone(),
          scopes: index % 3 ? [contact, orders] : [orders],
        }))
        wanted.push(wanted[5]!, wanted[6]!)
        const answers = await vault.keysForAll(symphony, wanted)
        expect(answers.map((keys) => keys.length)).toEqual(
          wanted.map(({ scopes }) => scopes.length),
        )
        expect(ids(answers[200]!)).toEqual(ids(answers[5]!))
        expect(new Set(answers.flatMap(ids)).size).toBe(answers.slice(0, 200).flat().length)
        const other = await harness.open()
        for (const index of [0, 1, 150]) {
          const { subject, scopes } = wanted[index]!
          expect(ids(await other.openKeys(symphony, subject, scopes))).toEqual(ids(answers[index]!))
        }
        expect(await vault.keysForAll(symphony, [])).toEqual([])
      })

      it('that were never made are null, and asking makes none', async () => {
        const subject = someone()
        expect(await vault.openKeys(symphony, subject, [contact, orders])).toEqual([null, null])
        const [made] = await vault.keysFor(symphony, subject, [orders])
        expect(ids(await vault.openKeys(symphony, subject, [contact, orders]))).toEqual([
          null,
          made!.id,
        ])
      })

      it('are answered from memory once they are known', async () => {
        const { subject } = await vault.identify(symphony, [email('ann@example.org')])
        expect(vault.findCached(symphony, [email('ann@example.org')])).toBe(subject)
        expect(vault.cachedKeys(symphony, subject, [contact])).toBeNull()
        const keys = await vault.keysFor(symphony, subject, [contact, orders])
        expect(vault.cachedKeys(symphony, subject, [orders, contact])).toEqual([keys[1], keys[0]])
        expect(vault.cachedKeys(symphony, subject, [orders, scope('x', 'y')])).toBeNull()
        expect(vault.cachedKeys(acquirer, subject, [orders])).toBeNull()
      })

      it('of one controller cannot be reached or destroyed through another', async () => {
        const { subject } = await vault.identify(symphony, [email('ann@example.org')])
        const keys = await vault.keysFor(symphony, subject, [contact])
        await vault.ready(acquirer)
        for (const attempt of [
          () => vault.keysFor(acquirer, subject, [contact]),
          () => vault.openKeys(acquirer, subject, [contact]),
          () => vault.fence(acquirer, subject),
          () => vault.destroyLots(acquirer, subject, [contact.lot]),
          () => vault.destroySubject(acquirer, subject),
          () => vault.holds(acquirer, subject),
        ]) {
          await expect(attempt()).rejects.toThrow('another controller')
        }
        expect(ids(await vault.openKeys(symphony, subject, [contact]))).toEqual(ids(keys))
      })
    })

    describe('a fence', () => {
      it('lets no key be made or had for sealing, here and on other handles, until it is lifted', async () => {
        const other = await harness.open()
        const { subject } = await vault.identify(symphony, [email('ann@example.org')])
        const keys = await vault.keysFor(symphony, subject, [contact])
        await other.keysFor(symphony, subject, [contact])
        expect(other.cachedKeys(symphony, subject, [contact])).not.toBeNull()
        await vault.fence(symphony, subject)
        await vault.fence(symphony, subject)
        await nextTurn()
        for (const handle of [vault, other, await harness.open()]) {
          expect(handle.cachedKeys(symphony, subject, [contact])).toBeNull()
          await expect(handle.keysFor(symphony, subject, [contact])).rejects.toThrow(SubjectFenced)
          await expect(handle.keysFor(symphony, subject, [orders])).rejects.toThrow(SubjectFenced)
          expect(ids(await handle.openKeys(symphony, subject, [contact]))).toEqual(ids(keys))
          expect(handle.cachedKeys(symphony, subject, [contact])).toBeNull()
          expect(await handle.find(symphony, [email('ann@example.org')])).toBe(subject)
        }
        await other.unfence(symphony, subject)
        await other.unfence(symphony, subject)
        expect(ids(await vault.keysFor(symphony, subject, [contact]))).toEqual(ids(keys))
      })

      it('stops a call for many subjects whole, and no other call', async () => {
        const fenced = someone()
        const free = someone()
        await vault.fence(symphony, fenced)
        const [refused, made] = await Promise.allSettled([
          vault.keysForAll(symphony, [
            { subject: free, scopes: [contact] },
            { subject: fenced, scopes: [contact] },
          ]),
          vault.keysFor(symphony, someone(), [contact]),
        ])
        expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(SubjectFenced) })
        expect(made).toMatchObject({ status: 'fulfilled' })
        expect(await vault.holds(symphony, free)).toBe(false)
      })
    })

    describe('destruction', () => {
      it('of lots takes exactly their keys, is idempotent, and a later key is another one', async () => {
        const subject = someone()
        const name = scope('user.name', 'account-data')
        const later = scope('user.payment', 'orders/2015-02-12')
        const keys = await vault.keysFor(symphony, subject, [contact, name, orders, later])
        for (let time = 0; time < 2; time += 1) {
          await vault.destroyLots(symphony, subject, [contact.lot, orders.lot, 'none' as Lot])
          expect(vault.cachedKeys(symphony, subject, [contact])).toBeNull()
          expect(
            ids(await vault.openKeys(symphony, subject, [contact, name, orders, later])),
          ).toEqual([null, null, null, keys[3]!.id])
        }
        const [anew] = await vault.keysFor(symphony, subject, [contact])
        expect(anew!.id).not.toBe(keys[0]!.id)
        expect(anew!.key.equals(keys[0]!.key)).toBe(false)
      })

      it('of a subject takes all keys and index rows, keeps the fence, and is idempotent', async () => {
        const identifiers = [email('ann@example.org'), phone('+14155550100')]
        const { subject } = await vault.identify(symphony, identifiers)
        const bob = await vault.identify(symphony, [email('bob@example.org')])
        await vault.keysFor(symphony, subject, [contact, orders])
        expect(await vault.holds(symphony, subject)).toBe(true)
        await vault.fence(symphony, subject)
        for (let time = 0; time < 2; time += 1) {
          await vault.destroySubject(symphony, subject)
          expect(await vault.holds(symphony, subject)).toBe(false)
          expect(await vault.openKeys(symphony, subject, [contact, orders])).toEqual([null, null])
          expect(vault.findCached(symphony, identifiers)).toBeNull()
          expect(await vault.find(symphony, identifiers)).toBeNull()
          await vault.fence(symphony, subject)
          await expect(vault.keysFor(symphony, subject, [contact])).rejects.toThrow(SubjectFenced)
          await expect(vault.unfence(symphony, subject)).rejects.toThrow(SubjectFenced)
        }
        expect(await vault.find(symphony, [email('bob@example.org')])).toBe(bob.subject)
      })

      it('makes a new relationship a new subject', async () => {
        const before = await vault.identify(symphony, [email('ann@example.org')])
        await vault.destroySubject(symphony, before.subject)
        const after = await vault.identify(symphony, [email('ann@example.org')])
        expect(after.made).toBe(true)
        expect(after.subject).not.toBe(before.subject)
        expect(await vault.keysFor(symphony, after.subject, [contact])).toHaveLength(1)
      })

      it('on one handle is seen by the memory of another', async () => {
        const other = await harness.open()
        const { subject } = await vault.identify(symphony, [email('ann@example.org')])
        await vault.keysFor(symphony, subject, [contact, orders])
        expect(vault.cachedKeys(symphony, subject, [contact, orders])).not.toBeNull()
        await other.destroyLots(symphony, subject, [orders.lot])
        await nextTurn()
        expect(vault.cachedKeys(symphony, subject, [orders])).toBeNull()
        expect(await vault.openKeys(symphony, subject, [orders])).toEqual([null])
        await vault.find(symphony, [email('ann@example.org')])
        expect(vault.findCached(symphony, [email('ann@example.org')])).toBe(subject)
        await other.destroySubject(symphony, subject)
        await nextTurn()
        expect(vault.findCached(symphony, [email('ann@example.org')])).toBeNull()
        expect(await vault.find(symphony, [email('ann@example.org')])).toBeNull()
      })

      it('queued behind a call that makes keys leaves none of them, in the store or in memory', async () => {
        const { subject } = await vault.identify(symphony, [email('ann@example.org')])
        const making = vault.keysFor(symphony, subject, [contact])
        const linking = vault.identify(symphony, [email('ann@example.org'), customer('c-1')])
        const destroying = vault.destroySubject(symphony, subject)
        await Promise.all([making, linking, destroying])
        expect(vault.cachedKeys(symphony, subject, [contact])).toBeNull()
        expect(vault.findCached(symphony, [customer('c-1')])).toBeNull()
        expect(await vault.find(symphony, [customer('c-1')])).toBeNull()
        expect(await vault.holds(symphony, subject)).toBe(false)
      })
    })

    describe('digests', () => {
      it('are keyed by controller and domain, and last', async () => {
        await vault.ready(symphony)
        await vault.ready(acquirer)
        const digest = vault.digest(symphony, 'idempotency-key', 'text')
        expect(digest).toMatch(/^[A-Za-z0-9_-]{22}$/)
        const all = [
          digest,
          vault.digest(symphony, 'request-body', 'text'),
          vault.digest(symphony, 'import-row', 'text'),
          vault.digest(acquirer, 'idempotency-key', 'text'),
          vault.digest(symphony, 'idempotency-key', 'text '),
        ]
        expect(new Set(all).size).toBe(all.length)
        const other = await harness.open()
        await other.ready(symphony)
        expect(other.digest(symphony, 'idempotency-key', 'text')).toBe(digest)
      })

      it('need the controller to be ready', () => {
        expect(() => vault.digest(symphony, 'request-body', 'text')).toThrow('not ready')
      })
    })

    it('answers right with a memory far smaller than what is in use', async () => {
      const small = await harness.open({ cacheBounds: { dataKeys: 4, spellings: 4 } })
      const people = Array.from({ length: 50 }, (_, index) => [email(`p${index}@example.org`)])
      const made = await small.identifyAll(symphony, people)
      const keys = await small.keysForAll(
        symphony,
        made.map(({ subject }) => ({ subject, scopes: [contact, orders] })),
      )
      for (let round = 0; round < 2; round += 1) {
        for (const [index, { subject }] of made.entries()) {
          expect(await small.find(symphony, people[index]!)).toBe(subject)
          expect(ids(await small.keysFor(symphony, subject, [contact, orders]))).toEqual(
            ids(keys[index]!),
          )
        }
      }
    })

    it('refuses work after it was closed', async () => {
      const pending = vault.identify(symphony, [email('ann@example.org')])
      await nextTurn()
      const { subject } = await pending
      await vault.close()
      await vault.close()
      await expect(vault.identify(symphony, [email('ann@example.org')])).rejects.toThrow('closed')
      const again = await harness.open()
      expect(await again.find(symphony, [email('ann@example.org')])).toBe(subject)
    })
  })
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 2))
}
