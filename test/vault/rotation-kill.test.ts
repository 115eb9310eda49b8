import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Vault } from '../../src/vault/vault.ts'
import { contact, customer, email, ids, orders, symphony } from '../contracts/vault-support.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { allOf, foundIn, inFile, secretsOf } from './bytes-of.ts'
import { type SqliteHarness, sqliteHarness } from './sqlite-harness.ts'

let harness: SqliteHarness
beforeEach(() => {
  harness = sqliteHarness()
})
afterEach(() => harness.dispose())

const program = fileURLToPath(new URL('../support/vault-rotation-process.ts', import.meta.url))
const nothing = { dataKeys: 0, spellings: 0 }
const kills = 24

/** Lets it rotate, and kills it some milliseconds after a line said that it began. */
async function killWhileRotating(afterRotations: number, delayMs: number): Promise<string[]> {
  const rootKey = harness.rootKey.export().toString('hex')
  const child = spawn(process.execPath, [program, harness.path, harness.keyring.name, rootKey], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const lines: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line)
    const begun = lines.filter((one) => one === 'rotating').length
    if (line === 'rotating' && begun === afterRotations) {
      void sleep(delayMs).then(() => child.kill('SIGKILL'))
    }
  })
  expect(await once(child, 'close')).toEqual([null, 'SIGKILL'])
  return lines
}

async function makePeople(vault: Vault, count: number) {
  const identifiers = Array.from({ length: count }, (_, index) => [
    email(`p${index}@example.org`),
    customer(`c-${index}`),
  ])
  const made = await vault.identifyAll(symphony, identifiers)
  const keys = await vault.keysForAll(
    symphony,
    made.map(({ subject }) => ({ subject, scopes: [contact, orders] })),
  )
  return made.map(({ subject }, at) => ({
    subject,
    identifiers: identifiers[at]!,
    keys: keys[at]!,
  }))
}

type People = Awaited<ReturnType<typeof makePeople>>

async function expectAllThere(vault: Vault, people: People): Promise<void> {
  for (const { subject, identifiers, keys } of people) {
    for (const identifier of identifiers) {
      expect(await vault.find(symphony, [identifier])).toBe(subject)
    }
    const found = await vault.openKeys(symphony, subject, [contact, orders])
    expect(ids(found)).toEqual(ids(keys))
    for (const [at, key] of found.entries()) expect(key!.key.equals(keys[at]!.key)).toBe(true)
  }
}

const isUnderWay = () =>
  inFile(harness, (_tables, database) => database.prepare('SELECT * FROM rotation').all().length)

describe('a rotation whose process is killed', () => {
  it(
    `opens everything from both epochs, goes on, and leaves nothing of the old, ${kills} times over`,
    { timeout: 240_000 },
    async () => {
      const random = randomFrom(seed())
      const first = await harness.open()
      const people = await makePeople(first, 250)
      await first.close()
      const old = allOf(
        secretsOf(
          harness,
          symphony,
          people.map(({ subject }) => subject),
        ),
      )
      let stoppedMidway = 0
      let epoch = 1
      for (let kill = 0; kill < kills; kill += 1) {
        const lines = await killWhileRotating(1 + (kill % 2), Math.floor(random() * 120))
        const rotated = lines.flatMap((line) => /^rotated (\d+)$/.exec(line)?.[1] ?? []).map(Number)
        stoppedMidway += isUnderWay()
        const vault = await harness.open({ cacheBounds: nothing })
        await expectAllThere(vault, people)
        const current = (await vault.epochs(symphony)).find((state) => state.current)!.epoch
        expect(current).toBeGreaterThanOrEqual(Math.max(epoch, ...rotated))
        epoch = current
        if (kill % 4 === 3) {
          // It goes on by itself; whoever asks for the next one waits for it.
          const next = (await vault.rotate(symphony)).epoch
          expect(next).toBeGreaterThan(epoch)
          expect(isUnderWay()).toBe(0)
          for (const state of await vault.epochs(symphony)) {
            if (!state.current) await vault.destroyEpoch(symphony, state.epoch)
          }
          expect(await vault.epochs(symphony)).toMatchObject([{ epoch: next, current: true }])
          expect(foundIn(harness.path, old)).toBe(0)
          await expectAllThere(vault, people)
        }
        await vault.close()
      }
      expect(stoppedMidway).toBeGreaterThan(kills / 4)
    },
  )

  it('goes on at the next opening, and is ended without being asked', async () => {
    const first = await harness.open()
    const people = await makePeople(first, 250)
    await first.close()
    for (let delayMs = 20; isUnderWay() === 0 && delayMs < 400; delayMs += 10) {
      await killWhileRotating(1, delayMs % 100)
    }
    expect(isUnderWay()).toBe(1)
    const vault = await harness.open({ cacheBounds: nothing })
    for (let wait = 0; isUnderWay() === 1 && wait < 1_000; wait += 1) await sleep(20)
    expect(isUnderWay()).toBe(0)
    expect((await vault.epochs(symphony)).filter(({ inUse }) => inUse)).toHaveLength(1)
    await expectAllThere(vault, people)
  })
})
