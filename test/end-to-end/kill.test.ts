import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Line } from '../../src/application/lines.ts'
import type { Envelope } from '../../src/domain/envelope.ts'
import { START, type SubjectId } from '../../src/domain/values.ts'
import { openLedgerReader } from '../../src/ledger/place.ts'
import {
  acknowledgedIn,
  eventsAfter,
  expectAcknowledged,
  expectNoHalf,
  expectSealsOpen,
  expectViewsGrownAsRebuilt,
  type Acknowledged,
} from '../support/acknowledged.ts'
import { ledgerSettings } from '../support/event-store-of.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { openStack, symphony, type Stack } from '../support/stack.ts'

const kills = 20
const program = fileURLToPath(new URL('../support/ledger-load-process.ts', import.meta.url))

let stack: Stack
let rootKey: string
beforeAll(async () => {
  stack = await openStack()
  rootKey = stack.configuration.rootKey!
  await stack.close()
}, 120_000)
afterAll(() => stack.dispose())

/** A process that will work once it is told to. Starting one takes long, so that is done ahead. */
function startProcess(prefix: string) {
  const child = spawn(process.execPath, [program, prefix], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: {
      ...process.env,
      CUSTODY_DATA: stack.configuration.dataDirectory,
      CUSTODY_ROOT_KEY: rootKey,
      CUSTODY_KEYRING: stack.configuration.keyringDirectory,
      CUSTODY_CONTROLLER: symphony,
      ...ledgerSettings(stack.configuration.dataDirectory),
    },
  })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { child, said: () => text.split('\n'), closed: once(child, 'close') }
}

/** Lets it work, and kills it a moment after so many lines were acknowledged. */
async function workUntilKilled(
  { child, said, closed }: ReturnType<typeof startProcess>,
  afterLines: number,
  andMs: number,
): Promise<Acknowledged> {
  child.stdin.write('go\n')
  let ended = false
  void closed.then(() => (ended = true))
  while (!ended && said().length < afterLines + 2) {
    await Promise.race([once(child.stdout, 'data'), closed])
  }
  await new Promise((resolve) => setTimeout(resolve, andMs))
  child.kill('SIGKILL')
  expect(await closed).toEqual([null, 'SIGKILL'])
  return acknowledgedIn(said())
}

describe('killing the whole ledger under load', () => {
  it(
    `loses nothing that was acknowledged and leaves nothing by halves, ${kills} times on one directory`,
    { timeout: 300_000 },
    async () => {
      const random = randomFrom(seed())
      const all: Acknowledged = { lines: [], erased: new Set(), heap: [] }
      const events: Envelope[] = []
      const reader = await openLedgerReader(stack.configuration.ledger)
      let next = startProcess('p0')
      for (let kill = 0; kill < kills; kill += 1) {
        const now = next
        if (kill + 1 < kills) next = startProcess(`p${kill + 1}`)
        const lines = 1 + Math.floor(random() * 120)
        const acknowledged = await workUntilKilled(now, lines, random() * 25)
        events.push(...(await eventsAfter(reader, events.at(-1)?.position ?? START)))
        expectNoHalf(events)
        expectAcknowledged(events, acknowledged)
        all.lines.push(...acknowledged.lines)
        for (const subject of acknowledged.erased) all.erased.add(subject)
      }
      await reader.close()
      expectAcknowledged(events, all)
      expect(all.lines.length).toBeGreaterThan(kills * 5)
      expect(all.erased.size).toBeGreaterThan(0)

      const reopened = await stack.reopen()
      try {
        const { custody, caller } = reopened
        // The last kill may have come when a commit was on the disk and not yet in the index that readers
        // share: nobody was told of it, and the first to open the file again finds it.
        events.push(...(await eventsAfter(custody.log, events.at(-1)!.position)))
        expectNoHalf(events)
        expect(custody.views.position()).toBe(events.at(-1)!.position)
        expect(await expectSealsOpen(events, custody.vault)).toBeGreaterThan(all.lines.length / 10)
        for (const subject of all.erased) {
          expect(await custody.vault.holds(symphony, subject as SubjectId)).toBe(false)
        }

        // What was begun is finished, and what was answered is answered again.
        await custody.services.deletions.resume(caller, null, 10_000)
        await custody.caughtUp()
        const position = custody.views.position()
        const { rows } = custody.views.pendingDeletions(symphony, position, {
          limit: 10,
          cursor: null,
        })
        expect(rows).toEqual([])
        for (const { key, line, outcome } of all.lines.filter((_, index) => index % 7 === 0)) {
          const operation = { key, body: JSON.stringify(line) }
          const again = await custody.services.recording.record(caller, Line.parse(line), operation)
          expect(again, key).toEqual({ ...outcome, repeated: true })
        }
        const grown = await eventsAfter(custody.log, START)
        expectNoHalf(grown)
        await expectSealsOpen(grown, custody.vault)
        await expectViewsGrownAsRebuilt(reopened, grown)
      } finally {
        await reopened.close()
      }
    },
  )
})
