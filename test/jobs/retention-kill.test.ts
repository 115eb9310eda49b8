import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { seed, randomFrom } from '../support/seed.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { fillWithDue, run, stillDue, trail } from './due-history.ts'

const program = fileURLToPath(new URL('retention-process.ts', import.meta.url))
const PEOPLE = { prospects: 400, visitors: 30, applicants: 20 }
const KILLS = 6

let stack: Stack
let started: ChildProcess[] = []
afterEach(async () => {
  for (const child of started) child.kill('SIGKILL')
  started = []
  await stack.dispose()
})

/** Starts the job in a process of its own on the stack's files, and waits until it has begun. */
async function start(): Promise<{
  child: ChildProcess
  ended: Promise<unknown>
  said: () => string
}> {
  const { dataDirectory, rootKey, keyringDirectory, controller } = stack.configuration
  const child = spawn(process.execPath, [program], {
    env: {
      ...process.env,
      CUSTODY_DATA: dataDirectory,
      CUSTODY_ROOT_KEY: rootKey ?? '',
      CUSTODY_KEYRING: keyringDirectory,
      CUSTODY_CONTROLLER: controller,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  started.push(child)
  let said = ''
  const ended = once(child, 'exit')
  await new Promise<void>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString()
      if (said.includes('running')) resolve()
    })
    void ended.then(() => resolve())
  })
  return { child, ended, said: () => said }
}

async function expectAllGoneOnce(): Promise<void> {
  await stack.custody.caughtUp()
  const kept = stillDue(stack)
  expect(kept.map(({ deferred }) => deferred)).toEqual(Array(PEOPLE.applicants).fill(true))
  const people = PEOPLE.prospects + PEOPLE.visitors
  const deleted = trail(stack, 'DataDeleted').map(({ subject }) => subject)
  expect(deleted).toHaveLength(people)
  expect(new Set(deleted).size).toBe(people)
  expect(trail(stack, 'DeletionRequested')).toHaveLength(people + PEOPLE.applicants)
  expect(trail(stack, 'ActRefused')).toEqual([])
}

describe('the retention job in processes of its own', () => {
  it('is finished by the next run wherever it was killed', { timeout: 180_000 }, async () => {
    const random = randomFrom(seed())
    stack = await openStack()
    await fillWithDue(stack, PEOPLE)
    await stack.close()
    for (let kill = 0; kill < KILLS; kill += 1) {
      const { child, ended } = await start()
      await sleep(random() * 400)
      child.kill('SIGKILL')
      await ended
    }
    stack = await stack.reopen()
    await stack.custody.caughtUp()
    await run(stack)
    await expectAllGoneOnce()
  })

  it(
    'does everything once when two processes run at the same time',
    { timeout: 180_000 },
    async () => {
      stack = await openStack()
      await fillWithDue(stack, PEOPLE)
      await stack.close()
      const both = await Promise.all([start(), start()])
      for (const { child, ended, said } of both) {
        await ended
        expect([child.exitCode, said()]).toEqual([0, expect.stringContaining('"refused":0')])
      }
      stack = await stack.reopen()
      await expectAllGoneOnce()
      const before = await stack.custody.log.head()
      await run(stack)
      expect(await stack.custody.log.head()).toBe(before)
    },
  )
})
