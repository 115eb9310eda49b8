import { spawn } from 'node:child_process'
import type { KeyObject } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { SubjectId } from '../../src/domain/values.ts'
import type { Keyring } from '../../src/vault/keyring.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { email, scope, symphony } from '../contracts/vault-support.ts'

const program = fileURLToPath(new URL('../support/vault-load-process.ts', import.meta.url))

/** A SQLite file, or a PostgreSQL and a schema in it. */
export type Loaded = Readonly<{
  target: string
  schema?: string
  rootKey: KeyObject
  keyring: Keyring
}>

/** Runs the load until it is killed after so many acknowledged lines; what it had said by then. */
export async function killUnderLoad(
  { target, schema, rootKey, keyring }: Loaded,
  when: Readonly<{ prefix: string; afterLines: number; delayMs: number }>,
): Promise<string[]> {
  const { prefix, afterLines, delayMs } = when
  const key = rootKey.export().toString('hex')
  const child = spawn(
    process.execPath,
    [program, target, keyring.name, key, prefix, ...(schema ? [schema] : [])],
    { stdio: ['ignore', 'pipe', 'inherit'] },
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

/** What the processes said was done, or begun. */
export type Acknowledged = {
  identified: Map<string, string>
  keys: Map<string, { subject: string; lot: string; id: string; key: string }>
  destroying: Set<string>
  destroyed: Set<string>
}

/** Notes what a process said. */
export function note(lines: readonly string[], all: Acknowledged): void {
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

/** Whether a vault has all that was acknowledged, and nothing of what was destroyed. */
export async function expectAcknowledged(vault: Vault, all: Acknowledged): Promise<void> {
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
}

export const nothingAcknowledged = (): Acknowledged => ({
  identified: new Map(),
  keys: new Map(),
  destroying: new Set(),
  destroyed: new Set(),
})
