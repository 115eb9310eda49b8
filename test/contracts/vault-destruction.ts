import { describe, expect, it } from 'vitest'
import type { Lot } from '../../src/domain/values.ts'
import { SubjectFenced } from '../../src/vault/vault.ts'
import {
  type AtTest,
  symphony,
  email,
  phone,
  customer,
  scope,
  contact,
  orders,
  someone,
  ids,
  nextTurn,
} from './vault-support.ts'

/** Fences and destruction, as every handle on the store sees them. */
export function destructionContract(at: AtTest): void {
  describe('a fence', () => {
    it('lets no key be made or had for sealing, here and on other handles, until it is lifted', async () => {
      const other = await at.harness.open()
      const { subject } = await at.vault.identify(symphony, [email('ann@example.org')])
      const keys = await at.vault.keysFor(symphony, subject, [contact])
      await other.keysFor(symphony, subject, [contact])
      expect(other.cachedKeys(symphony, subject, [contact])).not.toBeNull()
      await at.vault.fence(symphony, subject)
      await at.vault.fence(symphony, subject)
      await nextTurn()
      for (const handle of [at.vault, other, await at.harness.open()]) {
        expect(handle.cachedKeys(symphony, subject, [contact])).toBeNull()
        await expect(handle.keysFor(symphony, subject, [contact])).rejects.toThrow(SubjectFenced)
        await expect(handle.keysFor(symphony, subject, [orders])).rejects.toThrow(SubjectFenced)
        expect(ids(await handle.openKeys(symphony, subject, [contact]))).toEqual(ids(keys))
        expect(handle.cachedKeys(symphony, subject, [contact])).toBeNull()
        expect(await handle.find(symphony, [email('ann@example.org')])).toBe(subject)
      }
      await other.unfence(symphony, subject)
      await other.unfence(symphony, subject)
      expect(ids(await at.vault.keysFor(symphony, subject, [contact]))).toEqual(ids(keys))
    })

    it('stops a call for many subjects whole, and no other call', async () => {
      const fenced = someone()
      const free = someone()
      await at.vault.fence(symphony, fenced)
      const [refused, made] = await Promise.allSettled([
        at.vault.keysForAll(symphony, [
          { subject: free, scopes: [contact] },
          { subject: fenced, scopes: [contact] },
        ]),
        at.vault.keysFor(symphony, someone(), [contact]),
      ])
      expect(refused).toMatchObject({ status: 'rejected', reason: expect.any(SubjectFenced) })
      expect(made).toMatchObject({ status: 'fulfilled' })
      expect(await at.vault.holds(symphony, free)).toBe(false)
    })
  })

  describe('destruction', () => {
    it('of lots takes exactly their keys, is idempotent, and a later key is another one', async () => {
      const subject = someone()
      const name = scope('user.name', 'account-data')
      const later = scope('user.payment', 'orders/2015-02-12')
      const keys = await at.vault.keysFor(symphony, subject, [contact, name, orders, later])
      for (let time = 0; time < 2; time += 1) {
        await at.vault.destroyLots(symphony, subject, [contact.lot, orders.lot, 'none' as Lot])
        expect(at.vault.cachedKeys(symphony, subject, [contact])).toBeNull()
        expect(
          ids(await at.vault.openKeys(symphony, subject, [contact, name, orders, later])),
        ).toEqual([null, null, null, keys[3]!.id])
      }
      const [anew] = await at.vault.keysFor(symphony, subject, [contact])
      expect(anew!.id).not.toBe(keys[0]!.id)
      expect(anew!.key.equals(keys[0]!.key)).toBe(false)
    })

    it('of a category takes its key in that lot, and no other key of either', async () => {
      const subject = someone()
      const name = scope('user.name', 'account-data')
      const elsewhere = scope('user.name', 'orders/2015-02-12')
      const keys = await at.vault.keysFor(symphony, subject, [contact, name, elsewhere])
      for (let time = 0; time < 2; time += 1) {
        await at.vault.destroyKeys(symphony, subject, [name, scope('user.name', 'none')])
        expect(at.vault.cachedKeys(symphony, subject, [name])).toBeNull()
        expect(ids(await at.vault.openKeys(symphony, subject, [contact, name, elsewhere]))).toEqual(
          [keys[0]!.id, null, keys[2]!.id],
        )
      }
    })

    it('of a subject takes all keys and index rows, keeps the fence, and is idempotent', async () => {
      const identifiers = [email('ann@example.org'), phone('+14155550100')]
      const { subject } = await at.vault.identify(symphony, identifiers)
      const bob = await at.vault.identify(symphony, [email('bob@example.org')])
      await at.vault.keysFor(symphony, subject, [contact, orders])
      expect(await at.vault.holds(symphony, subject)).toBe(true)
      await at.vault.fence(symphony, subject)
      for (let time = 0; time < 2; time += 1) {
        await at.vault.destroySubject(symphony, subject)
        expect(await at.vault.holds(symphony, subject)).toBe(false)
        expect(await at.vault.openKeys(symphony, subject, [contact, orders])).toEqual([null, null])
        expect(at.vault.findCached(symphony, identifiers)).toBeNull()
        expect(await at.vault.find(symphony, identifiers)).toBeNull()
        await at.vault.fence(symphony, subject)
        await expect(at.vault.keysFor(symphony, subject, [contact])).rejects.toThrow(SubjectFenced)
        await expect(at.vault.unfence(symphony, subject)).rejects.toThrow(SubjectFenced)
      }
      expect(await at.vault.find(symphony, [email('bob@example.org')])).toBe(bob.subject)
    })

    it('makes a new relationship a new subject', async () => {
      const before = await at.vault.identify(symphony, [email('ann@example.org')])
      await at.vault.destroySubject(symphony, before.subject)
      const after = await at.vault.identify(symphony, [email('ann@example.org')])
      expect(after.made).toBe(true)
      expect(after.subject).not.toBe(before.subject)
      expect(await at.vault.keysFor(symphony, after.subject, [contact])).toHaveLength(1)
    })

    it('on one handle is seen by the memory of another', async () => {
      const other = await at.harness.open()
      const { subject } = await at.vault.identify(symphony, [email('ann@example.org')])
      await at.vault.keysFor(symphony, subject, [contact, orders])
      expect(at.vault.cachedKeys(symphony, subject, [contact, orders])).not.toBeNull()
      await other.destroyLots(symphony, subject, [orders.lot])
      await nextTurn()
      expect(at.vault.cachedKeys(symphony, subject, [orders])).toBeNull()
      expect(await at.vault.openKeys(symphony, subject, [orders])).toEqual([null])
      await at.vault.find(symphony, [email('ann@example.org')])
      expect(at.vault.findCached(symphony, [email('ann@example.org')])).toBe(subject)
      await other.destroySubject(symphony, subject)
      await nextTurn()
      expect(at.vault.findCached(symphony, [email('ann@example.org')])).toBeNull()
      expect(await at.vault.find(symphony, [email('ann@example.org')])).toBeNull()
    })

    it('queued behind a call that makes keys leaves none of them, in the store or in memory', async () => {
      const { subject } = await at.vault.identify(symphony, [email('ann@example.org')])
      const making = at.vault.keysFor(symphony, subject, [contact])
      const linking = at.vault.identify(symphony, [email('ann@example.org'), customer('c-1')])
      const destroying = at.vault.destroySubject(symphony, subject)
      await Promise.all([making, linking, destroying])
      expect(at.vault.cachedKeys(symphony, subject, [contact])).toBeNull()
      expect(at.vault.findCached(symphony, [customer('c-1')])).toBeNull()
      expect(await at.vault.find(symphony, [customer('c-1')])).toBeNull()
      expect(await at.vault.holds(symphony, subject)).toBe(false)
    })
  })
}
