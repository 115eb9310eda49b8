import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { randomFrom, seed } from '../support/seed.ts'
import { expectAcknowledged, killUnderLoad, note, nothingAcknowledged } from './kill-support.ts'
import { type SqliteHarness, sqliteHarness } from './sqlite-harness.ts'

let harness: SqliteHarness
beforeEach(() => {
  harness = sqliteHarness()
})
afterEach(() => harness.dispose())

describe('a vault whose process is killed under load', () => {
  it(
    'still has all it acknowledged, opens every key, and has destroyed what it said, 12 times over',
    { timeout: 180_000 },
    async () => {
      const random = randomFrom(seed())
      const all = nothingAcknowledged()
      const { path: target, rootKey, keyring } = harness
      for (let round = 0; round < 12; round += 1) {
        const afterLines = 2 + Math.floor(random() * 400)
        const when = { prefix: `r${round}`, afterLines, delayMs: Math.floor(random() * 20) }
        const lines = await killUnderLoad({ target, rootKey, keyring }, when)
        expect(lines.length).toBeGreaterThanOrEqual(afterLines)
        note(lines, all)
        const vault = await harness.open()
        await expectAcknowledged(vault, all)
        await vault.close()
      }
      expect(all.keys.size).toBeGreaterThan(100)
      expect(all.destroyed.size).toBeGreaterThan(5)
    },
  )
})
