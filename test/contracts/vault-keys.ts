import { describe, expect, it } from 'vitest'
import type { EventId } from '../../src/domain/values.ts'
import { open, seal } from '../../src/vault/sealing.ts'
import {
  type AtTest,
  symphony,
  acquirer,
  email,
  scope,
  contact,
  orders,
  someone,
  ids,
} from './vault-support.ts'

/** Data keys and digests: made once, durable, apart for each controller. */
export function keysContract(at: AtTest): void {
  describe('data keys', () => {
    it('are made where they are missing, in order, and are the same from then on', async () => {
      const subject = someone()
      const first = await at.vault.keysFor(symphony, subject, [contact])
      const both = await at.vault.keysFor(symphony, subject, [orders, contact, orders])
      expect(ids(both)).toEqual([both[0]!.id, first[0]!.id, both[0]!.id])
      expect(both[0]!.id).not.toBe(first[0]!.id)
      expect(both[0]!.key.equals(both[1]!.key)).toBe(false)
      for (const key of both) expect(key.id).toMatch(/^[A-Za-z0-9_-]{1,32}$/)
      expect(await at.vault.keysFor(symphony, subject, [])).toEqual([])
    })

    it('open after the store was closed and opened what was sealed before', async () => {
      const subject = someone()
      const [key] = await at.vault.keysFor(symphony, subject, [contact])
      const eventId = '0190163d-8694-739b-aea5-966c26f8ad91' as EventId
      const place = { controller: symphony, subject, eventId, ...contact }
      const sealed = seal(place, key!, { email: 'ann@example.org' })
      await at.vault.close()
      const again = await at.harness.open()
      expect(again.cachedKeys(symphony, subject, [contact])).toBeNull()
      const [found] = await again.openKeys(symphony, subject, [contact])
      expect(open(place, found!, sealed)).toEqual({
        ok: true,
        values: { email: 'ann@example.org' },
      })
    })

    it('are one for concurrent calls, also on two handles', async () => {
      const subject = someone()
      const other = await at.harness.open()
      const answers = await Promise.all(
        Array.from({ length: 60 }, (_, index) =>
          (index % 2 ? at.vault : other).keysFor(symphony, subject, [contact, orders]),
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
      const answers = await at.vault.keysForAll(symphony, wanted)
      expect(answers.map((keys) => keys.length)).toEqual(wanted.map(({ scopes }) => scopes.length))
      expect(ids(answers[200]!)).toEqual(ids(answers[5]!))
      expect(new Set(answers.flatMap(ids)).size).toBe(answers.slice(0, 200).flat().length)
      const other = await at.harness.open()
      for (const index of [0, 1, 150]) {
        const { subject, scopes } = wanted[index]!
        expect(ids(await other.openKeys(symphony, subject, scopes))).toEqual(ids(answers[index]!))
      }
      expect(await at.vault.keysForAll(symphony, [])).toEqual([])
    })

    it('that were never made are null, and asking makes none', async () => {
      const subject = someone()
      expect(await at.vault.openKeys(symphony, subject, [contact, orders])).toEqual([null, null])
      const [made] = await at.vault.keysFor(symphony, subject, [orders])
      expect(ids(await at.vault.openKeys(symphony, subject, [contact, orders]))).toEqual([
        null,
        made!.id,
      ])
    })

    it('are answered from memory once they are known', async () => {
      const { subject } = await at.vault.identify(symphony, [email('ann@example.org')])
      expect(at.vault.findCached(symphony, [email('ann@example.org')])).toBe(subject)
      expect(at.vault.cachedKeys(symphony, subject, [contact])).toBeNull()
      const keys = await at.vault.keysFor(symphony, subject, [contact, orders])
      expect(at.vault.cachedKeys(symphony, subject, [orders, contact])).toEqual([keys[1], keys[0]])
      expect(at.vault.cachedKeys(symphony, subject, [orders, scope('x', 'y')])).toBeNull()
      expect(at.vault.cachedKeys(acquirer, subject, [orders])).toBeNull()
    })

    it('of one controller cannot be reached or destroyed through another', async () => {
      const { subject } = await at.vault.identify(symphony, [email('ann@example.org')])
      const keys = await at.vault.keysFor(symphony, subject, [contact])
      await at.vault.ready(acquirer)
      for (const attempt of [
        () => at.vault.keysFor(acquirer, subject, [contact]),
        () => at.vault.openKeys(acquirer, subject, [contact]),
        () => at.vault.fence(acquirer, subject),
        () => at.vault.destroyLots(acquirer, subject, [contact.lot]),
        () => at.vault.destroySubject(acquirer, subject),
        () => at.vault.holds(acquirer, subject),
      ]) {
        await expect(attempt()).rejects.toThrow('another controller')
      }
      expect(ids(await at.vault.openKeys(symphony, subject, [contact]))).toEqual(ids(keys))
    })
  })

  describe('digests', () => {
    it('are keyed by controller and domain, and last', async () => {
      await at.vault.ready(symphony)
      await at.vault.ready(acquirer)
      const digest = at.vault.digest(symphony, 'idempotency-key', 'text')
      expect(digest).toMatch(/^[A-Za-z0-9_-]{22}$/)
      const all = [
        digest,
        at.vault.digest(symphony, 'request-body', 'text'),
        at.vault.digest(symphony, 'import-row', 'text'),
        at.vault.digest(acquirer, 'idempotency-key', 'text'),
        at.vault.digest(symphony, 'idempotency-key', 'text '),
      ]
      expect(new Set(all).size).toBe(all.length)
      const other = await at.harness.open()
      await other.ready(symphony)
      expect(other.digest(symphony, 'idempotency-key', 'text')).toBe(digest)
    })

    it('need the controller to be ready', () => {
      expect(() => at.vault.digest(symphony, 'request-body', 'text')).toThrow('not ready')
    })
  })
}
