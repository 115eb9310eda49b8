import { describe, expect, it } from 'vitest'
import type { PurposeKey } from '../../src/domain/values.ts'
import {
  acquirer,
  type AtTest,
  contact,
  customer,
  email,
  nextTurn,
  phone,
  someone,
  symphony,
} from './vault-support.ts'

const updates = 'product-updates' as PurposeKey
const offers = 'offers' as PurposeKey

/** Objections that outlive their subject (S3, N4). */
export function suppressionContract(at: AtTest): void {
  describe('the suppression list', () => {
    const ann = [email('ann@example.org'), phone('+14155550100')]

    async function erasedAnn() {
      const before = await at.vault.identify(symphony, ann)
      await at.vault.suppress(symphony, before.subject, [updates, offers])
      await at.vault.suppress(symphony, before.subject, [updates])
      await at.vault.destroySubject(symphony, before.subject)
      return before.subject
    }

    it('keeps what an erased person objected to, under each of their identifiers', async () => {
      expect(await at.vault.suppressed(symphony, ann)).toEqual([])
      await erasedAnn()
      const other = await at.harness.open()
      for (const identifier of [...ann, email('Ann@Example.org')]) {
        expect(await other.suppressed(symphony, [identifier])).toEqual([offers, updates])
      }
      expect(await other.suppressed(symphony, [email('bob@example.org')])).toEqual([])
      expect(await other.suppressed(acquirer, ann)).toEqual([])
      expect(await other.find(symphony, ann)).toBeNull()
    })

    it('is told of the new subject that they come back as, until that is settled', async () => {
      const erased = await erasedAnn()
      const back = await at.vault.identify(symphony, [customer('c-7'), email('ann@example.org')])
      expect(back).toMatchObject({ made: true, suppressed: [offers, updates] })
      expect(back.subject).not.toBe(erased)
      // Whoever was told may be killed before it is recorded.
      const other = await at.harness.open()
      for (const handle of [at.vault, other]) {
        await handle.find(symphony, [customer('c-7')])
        expect(handle.findCached(symphony, [customer('c-7')])).toBeNull()
        expect(await handle.identify(symphony, [customer('c-7')])).toMatchObject({
          subject: back.subject,
          made: false,
          suppressed: [offers, updates],
        })
      }
      await at.vault.settleSuppressed(symphony, back.subject)
      await at.vault.settleSuppressed(symphony, back.subject)
      for (const handle of [at.vault, other]) {
        expect(await handle.identify(symphony, [customer('c-7')])).toEqual({
          subject: back.subject,
          made: false,
          conflicts: [],
        })
        expect(handle.findCached(symphony, [customer('c-7')])).toBe(back.subject)
      }
      expect(await at.vault.suppressed(symphony, ann)).toEqual([offers, updates])
    })

    it('is told when an identifier on it is linked to someone who is there already', async () => {
      await erasedAnn()
      const { subject, ...rest } = await at.vault.identify(symphony, [customer('c-7')])
      expect(rest).toEqual({ made: true, conflicts: [] })
      const other = await at.harness.open()
      await other.identify(symphony, [customer('c-7')])
      expect(
        await at.vault.identify(symphony, [customer('c-7'), email('ann@example.org')]),
      ).toMatchObject({ subject, made: false, suppressed: [offers, updates] })
      await nextTurn()
      expect(other.findCached(symphony, [customer('c-7')])).toBeNull()
    })

    it('tells nothing of people who are not on it', async () => {
      await erasedAnn()
      const answers = await at.vault.identifyAll(symphony, [
        [email('bob@example.org')],
        [email('ann@example.org')],
        [email('bob@example.org')],
      ])
      expect(answers.map(({ suppressed }) => suppressed)).toEqual([
        undefined,
        [offers, updates],
        undefined,
      ])
    })

    it('forgets a purpose under the identifiers that ask for it', async () => {
      await erasedAnn()
      await at.vault.unsuppress(symphony, [email('ann@example.org')], [updates])
      await at.vault.unsuppress(symphony, [email('ann@example.org')], [updates])
      expect(await at.vault.suppressed(symphony, [email('ann@example.org')])).toEqual([offers])
      expect(await at.vault.suppressed(symphony, [phone('+14155550100')])).toEqual([
        offers,
        updates,
      ])
    })

    it('takes nothing for someone unknown, erased, or of another controller', async () => {
      await at.vault.suppress(symphony, someone(), [updates])
      const erased = await erasedAnn()
      await at.vault.suppress(symphony, erased, ['more' as PurposeKey])
      expect(await at.vault.suppressed(symphony, ann)).toEqual([offers, updates])
      const bob = await at.vault.identify(symphony, [email('bob@example.org')])
      await at.vault.ready(acquirer)
      const attempt = at.vault.suppress(acquirer, bob.subject, [updates])
      await expect(attempt).rejects.toThrow('another controller')
      await expect(at.vault.settleSuppressed(acquirer, bob.subject)).rejects.toThrow(
        'another controller',
      )
    })

    it('outlasts rotations', async () => {
      await erasedAnn()
      await at.vault.rotate(symphony)
      await at.vault.destroyEpoch(symphony, 1)
      const other = await at.harness.open()
      expect(await other.suppressed(symphony, ann)).toEqual([offers, updates])
      const back = await other.identify(symphony, ann)
      expect(back.suppressed).toEqual([offers, updates])
      expect(await other.keysFor(symphony, back.subject, [contact])).toHaveLength(1)
    })
  })
}
