import { createSecretKey } from 'node:crypto'
import type { ControllerId } from '../../src/domain/values.ts'
import { openSqliteVault } from '../../src/vault/sqlite-vault.ts'
import { keyringIn } from '../vault/sqlite-harness.ts'

/**
 * Rotates a vault's epochs and destroys the old ones until it is killed, and writes a line for each thing:
 * `rotating`, `rotated <epoch>`, `destroyed <epoch>`.
 */
const [path, keys, rootKeyHex] = process.argv.slice(2)
const controller = 'symphony-commerce' as ControllerId
const rootKey = createSecretKey(Buffer.from(rootKeyHex!, 'hex'))
const vault = await openSqliteVault({ path: path!, rootKey, keyring: keyringIn(keys!, rootKey) })

for (let turn = 0; turn < 1_000; turn += 1) {
  say('rotating')
  const { epoch } = await vault.rotate(controller)
  say(`rotated ${epoch}`)
  for (const state of await vault.epochs(controller)) {
    if (state.inUse) continue
    await vault.destroyEpoch(controller, state.epoch)
    say(`destroyed ${state.epoch}`)
  }
}

/** One write for each line: a pipe takes it whole or not at all. */
function say(line: string): void {
  process.stdout.write(`${line}\n`)
}
