import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { basename, dirname } from 'node:path'
import { describe, expect, it } from 'vitest'
import { START, type EventId, type Lot, type Position } from '../../src/domain/values.ts'
import { open, seal } from '../../src/vault/sealing.ts'
import { EpochInUse, VaultUnavailable } from '../../src/vault/vault.ts'
import {
  acquirer,
  type AtTest,
  contact,
  customer,
  email,
  ids,
  orders,
  symphony,
} from './vault-support.ts'

const nothing = { dataKeys: 0, spellings: 0 }

/** Epochs, their rotation and destruction; backups; how far deletions were applied. */
export function upkeepContract(at: AtTest): void {
  async function people(prefix: string, count: number) {
    const identifiers = Array.from({ length: count }, (_, index) => [
      email(`${prefix}${index}@example.org`),
      customer(`${prefix}-${index}`),
    ])
    const made = await at.vault.identifyAll(symphony, identifiers)
    const keys = await at.vault.keysForAll(
      symphony,
      made.map(({ subject }) => ({ subject, scopes: [contact, orders] })),
    )
    return made.map(({ subject }, index) => ({
      subject,
      identifiers: identifiers[index]!,
      keys: keys[index]!,
    }))
  }

  describe('rotation', () => {
    it('brings everything under a new epoch, and changes nothing that is answered', async () => {
      const before = await people('p', 100)
      const theirs = await at.vault.identify(acquirer, [email('p1@example.org')])
      await at.vault.ready(symphony)
      const digest = at.vault.digest(symphony, 'import-row', 'text')
      const place = {
        controller: symphony,
        subject: before[0]!.subject,
        eventId: '0190163d-8694-739b-aea5-966c26f8ad91' as EventId,
        ...contact,
      }
      const sealed = seal(place, before[0]!.keys[0]!, { email: 'p0@example.org' })
      expect(await at.vault.rotate(symphony)).toEqual({ epoch: 2 })
      expect(await at.vault.rotate(symphony)).toEqual({ epoch: 3 })
      for (const handle of [at.vault, await at.harness.open({ cacheBounds: nothing })]) {
        for (const { subject, identifiers, keys } of before) {
          for (const identifier of identifiers) {
            expect(await handle.find(symphony, [identifier])).toBe(subject)
          }
          const found = await handle.openKeys(symphony, subject, [contact, orders])
          expect(ids(found)).toEqual(ids(keys))
          expect(found[1]!.key.equals(keys[1]!.key)).toBe(true)
        }
        const [key] = await handle.openKeys(symphony, before[0]!.subject, [contact])
        expect(open(place, key!, sealed)).toMatchObject({ ok: true })
        await handle.ready(symphony)
        expect(handle.digest(symphony, 'import-row', 'text')).toBe(digest)
        expect(await handle.find(acquirer, [email('p1@example.org')])).toBe(theirs.subject)
      }
      const state = (epoch: number, current: boolean) => ({
        epoch,
        current,
        inUse: current,
        available: true,
      })
      expect(await at.vault.epochs(symphony)).toEqual([
        state(1, false),
        state(2, false),
        state(3, true),
      ])
      expect(await at.vault.epochs(acquirer)).toEqual([state(1, true)])
      expect(await at.vault.epochs('nobody' as typeof acquirer)).toEqual([])
    })

    it('goes on while people are found, made, given keys and erased, on two handles', async () => {
      const before = await people('p', 300)
      const other = await at.harness.open({ cacheBounds: nothing })
      let turning = true
      const rotations = Promise.all([at.vault.rotate(symphony), other.rotate(symphony)])
      void rotations.finally(() => (turning = false))
      const later: { subject: string; value: string }[] = []
      const erased = new Set<string>()
      for (let turn = 0; turning || turn < 30; turn += 1) {
        const handle = turn % 2 ? at.vault : other
        const person = before[(turn * 7) % before.length]!
        const found = await handle.find(symphony, [person.identifiers[turn % 2]!])
        expect(found).toBe(erased.has(person.subject) ? null : person.subject)
        if (found) {
          const keys = await handle.openKeys(symphony, found, [contact, orders])
          expect(ids(keys)).toEqual(ids(person.keys))
          const linked = await handle.identify(symphony, [
            person.identifiers[0]!,
            customer(`late-${turn}`),
          ])
          expect(linked).toMatchObject({ subject: person.subject, made: false })
        }
        if (turn % 10 === 3 && !erased.has(person.subject)) {
          await handle.destroySubject(symphony, person.subject)
          erased.add(person.subject)
        }
        const made = await handle.identify(symphony, [email(`new${turn}@example.org`)])
        await handle.keysFor(symphony, made.subject, [contact])
        later.push({ subject: made.subject, value: `new${turn}@example.org` })
      }
      await rotations
      const last = (await at.vault.epochs(symphony)).find(({ current }) => current)!
      expect(last.epoch).toBe(3)
      await at.vault.destroyEpoch(symphony, 1)
      await at.vault.destroyEpoch(symphony, 2)
      const fresh = await at.harness.open({ cacheBounds: nothing })
      for (const { subject, identifiers, keys } of before) {
        const gone = erased.has(subject)
        expect(await fresh.find(symphony, [identifiers[1]!])).toBe(gone ? null : subject)
        const found = await fresh.openKeys(symphony, subject, [contact, orders])
        expect(ids(found)).toEqual(gone ? [null, null] : ids(keys))
        expect(await fresh.holds(symphony, subject)).toBe(!gone)
      }
      for (const { subject, value } of later) {
        expect(await fresh.find(symphony, [email(value)])).toBe(subject)
      }
    })
  })

  describe('an epoch', () => {
    it('is destroyed once nothing is under it, and not before', async () => {
      const [person] = await people('p', 1)
      await expect(at.vault.destroyEpoch(symphony, 1)).rejects.toThrow(EpochInUse)
      await at.vault.rotate(symphony)
      await expect(at.vault.destroyEpoch(symphony, 2)).rejects.toThrow(EpochInUse)
      await at.vault.destroyEpoch(symphony, 1)
      await at.vault.destroyEpoch(symphony, 1)
      expect(await at.vault.epochs(symphony)).toMatchObject([{ epoch: 2, current: true }])
      const other = await at.harness.open()
      const found = await other.openKeys(symphony, person!.subject, [contact, orders])
      expect(ids(found)).toEqual(ids(person!.keys))
      expect(await at.vault.rotate(symphony)).toEqual({ epoch: 3 })
    })
  })

  describe('a backup', () => {
    it('opens as the store was, while its epoch is there, and not at all afterwards', async () => {
      const [ann, bob] = await people('p', 2)
      await at.vault.destroyLots(symphony, ann!.subject, [orders.lot])
      const path = at.harness.backupPath()
      expect(await at.vault.backup(path)).toEqual({
        epochs: [{ controller: symphony, epoch: 1 }],
      })
      await at.vault.destroySubject(symphony, bob!.subject)
      await at.vault.rotate(symphony)
      const restored = await at.harness.openBackup(path)
      expect(await restored.find(symphony, bob!.identifiers)).toBe(bob!.subject)
      const keys = await restored.openKeys(symphony, bob!.subject, [contact, orders])
      expect(ids(keys)).toEqual(ids(bob!.keys))
      expect(await restored.openKeys(symphony, ann!.subject, [orders])).toEqual([null])
      await restored.close()
      await at.vault.destroyEpoch(symphony, 1)

      const dead = await at.harness.openBackup(path)
      const why = /epoch 1 of controller symphony-commerce was destroyed/
      for (const attempt of [
        () => dead.openKeys(symphony, bob!.subject, [contact]),
        () => dead.find(symphony, bob!.identifiers),
        () => dead.identify(symphony, bob!.identifiers),
        () => dead.keysFor(symphony, bob!.subject, [contact]),
        () => dead.rotate(symphony),
      ]) {
        const failure = await attempt().catch((error: unknown) => error)
        expect(failure).toBeInstanceOf(VaultUnavailable)
        expect(String(failure)).toMatch(why)
      }
      expect(await dead.epochs(symphony)).toEqual([
        { epoch: 1, current: true, inUse: true, available: false },
        { epoch: 2, current: false, inUse: false, available: true },
      ])
    })

    it('that is restored begins no epoch under a number that was used after it', async () => {
      await people('p', 1)
      const path = at.harness.backupPath()
      await at.vault.backup(path)
      await at.vault.rotate(symphony)
      await at.vault.rotate(symphony)
      const restored = await at.harness.openBackup(path)
      expect(await restored.rotate(symphony)).toEqual({ epoch: 4 })
    })

    it('is one state of the store, whatever is written meanwhile', async () => {
      await people('p', 1_500)
      let writing = true
      const acknowledged = { before: 0, now: 0 }
      const writer = (async () => {
        for (let turn = 0; writing; turn += 1) {
          const { subject } = await at.vault.identify(symphony, [
            customer(`one-${turn}`),
            customer(`two-${turn}`),
          ])
          await at.vault.keysFor(symphony, subject, [contact, orders])
          acknowledged.now = turn + 1
        }
      })()
      for (let copy = 0; copy < 3; copy += 1) {
        acknowledged.before = acknowledged.now
        const path = at.harness.backupPath()
        await at.vault.backup(path)
        const restored = await at.harness.openBackup(path)
        for (let turn = 0; turn < acknowledged.now; turn += 1) {
          const [one, two] = await Promise.all([
            restored.find(symphony, [customer(`one-${turn}`)]),
            restored.find(symphony, [customer(`two-${turn}`)]),
          ])
          expect(one).toBe(two)
          if (turn < acknowledged.before) expect(one).not.toBeNull()
          if (one === null) break
          const keys = await restored.openKeys(symphony, one, [contact, orders])
          // Both keys are made in one transaction, and the later people after them.
          expect(keys[0] === null).toBe(keys[1] === null)
        }
        await restored.close()
      }
      writing = false
      await writer
      expect(acknowledged.now).toBeGreaterThan(20)
    })

    it('is for its owner only, leaves nothing beside it, and overwrites no file', async () => {
      await people('p', 1)
      const path = at.harness.backupPath()
      await at.vault.backup(path)
      expect(statSync(path).mode & 0o777).toBe(0o600)
      const beside = () =>
        readdirSync(dirname(path)).filter((name) => name.startsWith(`${basename(path)}`))
      expect(beside()).toEqual([basename(path)])
      const content = readFileSync(path)
      const refused = at.vault.backup(path)
      await expect(refused).rejects.toThrow(VaultUnavailable)
      await expect(refused).rejects.toThrow(/there is a file of that name already/)
      expect(readFileSync(path).equals(content)).toBe(true)
      await expect(at.vault.backup(`${path}/x/y`)).rejects.toThrow(VaultUnavailable)
      // What a backup that was killed has left is no obstacle.
      writeFileSync(`${path}.0123456789ab.partial`, 'half')
      rmSync(path)
      await at.vault.backup(path)
      expect(beside()).toEqual([basename(path)])
    })
  })

  describe('the mark of what was applied', () => {
    it('begins at the start, rises only, and is as old as the copy that is restored', async () => {
      const position = (number: number) => number as Position
      expect(await at.vault.appliedUpTo()).toBe(START)
      await at.vault.markApplied(position(40))
      await at.vault.markApplied(position(12))
      expect(await at.vault.appliedUpTo()).toBe(40)
      const path = at.harness.backupPath()
      await at.vault.backup(path)
      const other = await at.harness.open()
      await other.markApplied(position(2 ** 40))
      expect(await at.vault.appliedUpTo()).toBe(2 ** 40)
      await at.vault.destroyLots(symphony, (await people('p', 1))[0]!.subject, ['none' as Lot])
      const restored = await at.harness.openBackup(path)
      expect(await restored.appliedUpTo()).toBe(40)
    })
  })
}
