import { createSecretKey } from 'node:crypto'
import type { ControllerId } from '../../src/domain/values.ts'
import { openPostgresVault } from '../../src/vault/postgres/postgres-vault.ts'
import { openSqliteVault } from '../../src/vault/sqlite-vault.ts'
import { email, scope } from '../contracts/vault-support.ts'
import { keyringIn } from '../vault/sqlite-harness.ts'

/**
 * Puts load on a vault until it is killed, and writes a line for each thing that was acknowledged:
 * `identified <value> <subject>`, `key <subject> <lot> <id> <key in hex>` or `destroyed <subject>`. With a schema the
 * vault is the one in that schema of a PostgreSQL, else it is a SQLite file.
 */
const [target, keys, rootKeyHex, prefix, schema] = process.argv.slice(2)
const controller = 'symphony-commerce' as ControllerId
const rootKey = createSecretKey(Buffer.from(rootKeyHex!, 'hex'))
const common = { rootKey, keyring: keyringIn(keys!, rootKey) }
const vault = schema
  ? await openPostgresVault({ ...common, schema, server: { connectionString: target! } })
  : await openSqliteVault({ ...common, path: target! })

async function act(lane: number): Promise<void> {
  for (let turn = 0; turn < 100_000; turn += 1) {
    const value = `${prefix}-${lane}-${turn}@example.org`
    const { subject } = await vault.identify(controller, [email(value)])
    say(`identified ${value} ${subject}`)
    const lot = `orders/2015-02-${10 + (turn % 18)}`
    const [key] = await vault.keysFor(controller, subject, [scope('user.payment', lot)])
    say(`key ${subject} ${lot} ${key!.id} ${key!.key.export().toString('hex')}`)
    if (turn % 5 === 4) {
      say(`destroying ${subject}`)
      await vault.destroySubject(controller, subject)
      say(`destroyed ${subject}`)
    }
  }
}

/** One write for each line: a pipe takes it whole or not at all. */
function say(line: string): void {
  process.stdout.write(`${line}\n`)
}

say('ready')
await Promise.all(Array.from({ length: 16 }, (_, lane) => act(lane)))
