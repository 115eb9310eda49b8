import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { SubjectId } from '../../src/domain/values.ts'
import { email, scope, symphony } from '../contracts/vault-support.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { type SqliteHarness, sqliteHarness } from './sqlite-harness.ts'

let harness: SqliteHarness
beforeEach(() => {
  harness = sqliteHarness()
})
afterEach(() => harness.dispose())

const program = fileURLToPath(new URL('../support/vault-load-process.ts', import.meta.url))

/** Runs the load until it is killed after so many acknowledged lines; what it had said by then. */
async function killUnderLoad(
  prefix: string,
  afterLines: number,
  delayMs: number,
): Promise<string[]> {
  const rootKey = harness.rootKey.export().toString('hex')
  const child = spawn(
    process.execPath,
    [program, harness.path, harness.keyring.name, rootKey, prefix],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    if (lines.length === afterLines) void sleep(delayMs).then(() => child.kill('SIGKILL'))
  })
  const [, signal] = (await once(child, 'close')) as [number | null, string | null]
  expect(signal).toBe('SIGKILL')
  return lines
}

type Acknowledged = {
  identified: Map<string, string>
  keys: Map<string, { subject: string; lot: string; id: string; key: string }>
  destroying: Set<string>
  destroyed: Set<string>
}

function note(lines: readonly string[], all: Acknowledged): void {
  for (const line of lines) {
    const [what, ...rest] = line.split(' ') as [string, ...string[]]
    if (what === 'identified') all.identified.set(rest[0]!, rest[1]!)
    if (what === 'key') {
      const [subject, lot, id, key] = rest as [string, string, string, string]
      all.keys.set(id, { subject, lot, id, key })
    }
    if (what === 'destroying') all.destroying.add(rest[0]!)
    if (what === 'destroyed') all.destroyed.add(rest[0]!)
  }
}

describe('a vault whose process is killed under load', () => {
  it(
    'still has all it acknowledged, opens every key, and has destroyed what it said, 12 times over',
    { timeout: 180_000 },
    async () => {
      const random = randomFrom(seed())
      const all: Acknowledged = {
        identified: new Map(),
        keys: new Map(),
        destroying: new Set(),
        destroyed: new Set(),
      }
      for (let round = 0; round < 12; round += 1) {
        const after = 2 + Math.floor(random() * 400)
        const lines = await killUnderLoad(`r${round}`, after, Math.floor(random() * 20))
        expect(lines.length).toBeGreaterThanOrEqual(after)
        note(lines, all)
        const vault = await harness.open()
        for (const [value, subject] of all.identified) {
          // An unacknowledged destruction may or may not have happened.
          if (all.destroying.has(subject) && !all.destroyed.has(subject)) continue
          const expected = all.destroyed.has(subject) ? null : subject
          expect(await vault.find(symphony, [email(value)])).toBe(expected)
        }
        for (const { subject, lot, id, key } of all.keys.values()) {
          const [found] = await vault.openKeys(symphony, subject as SubjectId, [
            scope('user.payment', lot),
          ])
          if (all.destroyed.has(subject)) expect(found).toBeNull()
          else if (!all.destroying.has(subject)) {
            expect(found!.id).toBe(id)
            expect(found!.key.export().toString('hex')).toBe(key)
          }
        }
        await vault.close()
      }
      expect(all.keys.size).toBeGreaterThan(100)
      expect(all.destroyed.size).toBeGreaterThan(5)
    },
  )
})
