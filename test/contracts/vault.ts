import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { destructionContract } from './vault-destruction.ts'
import { identifiersContract } from './vault-identifiers.ts'
import { suppressionContract } from './vault-suppression.ts'
import { upkeepContract } from './vault-upkeep.ts'
import { keysContract } from './vault-keys.ts'
import {
  type AtTest,
  contact,
  email,
  ids,
  nextTurn,
  orders,
  symphony,
  type VaultHarness,
} from './vault-support.ts'

/** What every vault keeps, whatever it stands on. */
export function vaultContract(name: string, create: () => Promise<VaultHarness>): void {
  describe(`${name} keeps the contract of a vault`, () => {
    // Filled before each test.
    const at = {} as AtTest
    beforeEach(async () => {
      at.harness = await create()
      at.vault = await at.harness.open()
    })
    afterEach(() => at.harness.dispose())

    identifiersContract(at)
    keysContract(at)
    destructionContract(at)
    suppressionContract(at)
    upkeepContract(at)

    it('answers right with a memory far smaller than what is in use', async () => {
      const small = await at.harness.open({ cacheBounds: { dataKeys: 4, spellings: 4 } })
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
      const pending = at.vault.identify(symphony, [email('ann@example.org')])
      await nextTurn()
      const { subject } = await pending
      await at.vault.close()
      await at.vault.close()
      await expect(at.vault.identify(symphony, [email('ann@example.org')])).rejects.toThrow(
        'closed',
      )
      const again = await at.harness.open()
      expect(await again.find(symphony, [email('ann@example.org')])).toBe(subject)
    })
  })
}
