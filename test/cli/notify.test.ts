import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { configure } from '../../src/config.ts'
import { erase, someone } from '../jobs/downstream.ts'
import { callCli } from '../support/call-cli.ts'
import { openReceiver, says, verifies, type Receiver } from '../support/receiver.ts'
import { openStack } from '../support/stack.ts'
import type { Place } from '../support/run-cli.ts'

let directory: string
let place: Place
let receiver: Receiver

async function run(...args: string[]) {
  process.env['CUSTODY_WEBHOOK_ALLOW'] = `127.0.0.1:${receiver.port}`
  try {
    return await callCli(place, args)
  } finally {
    delete process.env['CUSTODY_WEBHOOK_ALLOW']
  }
}

/** Opens the stores as the command line does, does something and closes them. */
async function withStack(work: (stack: Awaited<ReturnType<typeof openStack>>) => Promise<void>) {
  const environment = { CUSTODY_DATA: place.data, CUSTODY_ROOT_KEY_FILE: place.rootKeyFile }
  const stack = await openStack({ configuration: configure(environment), policy: false })
  try {
    await work(stack)
  } finally {
    await stack.dispose()
  }
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'custody-notify-'))
  place = {
    data: join(directory, 'data'),
    rootKeyFile: join(directory, 'keys', 'root.key'),
    embedded: true,
  }
  receiver = await openReceiver()
})
afterAll(async () => {
  await receiver.close()
  rmSync(directory, { recursive: true, force: true })
})

describe('custody endpoint and custody notify', { timeout: 120_000 }, () => {
  it('register where a system is told, tell it, list what is outstanding, and try again', async () => {
    const registered = await run('endpoint', 'register', 'source/crm', '--url', receiver.url)
    expect(registered.code).toBe(0)
    const [secret] = /whsec_\S+/.exec(registered.out) ?? []
    const list = await run('endpoint', 'list', '--json')
    expect(JSON.parse(list.out)).toMatchObject([{ url: receiver.url, generation: 1 }])
    expect(list.out).not.toContain('whsec_')

    await withStack(async (stack) => erase(stack, await someone(stack, 'ann')))
    receiver.answer(says(410))
    const failed = await run('notify', 'run', '--json')
    expect([failed.code, JSON.parse(failed.out)]).toMatchObject([1, { abandoned: 2 }])
    const open = await run('notify', 'list', '--json')
    const [row] = JSON.parse(open.out) as { notification: string }[]
    expect(open.code).toBe(1)
    expect(row).toMatchObject({ status: 'abandoned', fault: { code: 'gone', status: 410 } })
    expect((await run('notify', 'list')).out).toContain('gone 410')

    receiver.answer(says(200))
    for (const { notification } of JSON.parse(open.out) as { notification: string }[]) {
      const retried = await run('notify', 'retry', notification, '--reason', 'they are back')
      expect([retried.code, retried.out]).toEqual([0, 'It is due now.\n'])
    }
    expect((await run('notify', 'run')).code).toBe(0)
    expect(verifies(receiver.received.at(-1)!, String(secret))).toBe(true)
    const nothing = await run('notify', 'list')
    expect([nothing.code, nothing.out]).toEqual([0, 'Nothing is outstanding.\n'])
    const confirmed = await run('notify', 'retry', row!.notification, '--reason', 'again')
    expect(confirmed.code).toBe(1)
    expect((await run('endpoint', 'rotate', 'source/crm')).out).toContain('whsec_')
    expect((await run('endpoint', 'remove', 'source/crm', '--reason', 'replaced')).code).toBe(0)
    expect((await run('endpoint', 'rotate', 'source/crm')).code).toBe(1)
  })

  it('say which part is wrong', async () => {
    const url = 'https://hooks.example.org/'
    for (const [args, part] of [
      [['endpoint', 'register', 'crm', '--url', url], '<downstream>'],
      [['endpoint', 'register', 'source/crm/x', '--url', url], '<downstream>'],
      [['endpoint', 'register', 'source/crm', '--url', 'https://127.0.0.1/'], '--url'],
      [['endpoint', 'register', 'source/crm', '--url', `${url}?a`], '--url'],
      [['endpoint', 'register', 'source/crm', '--url', url, '--topic', 'all'], '--topic'],
      [['notify', 'retry', 'msg-1', '--reason', 'x'], '<notification>'],
      [['notify', 'list', '--limit', '0'], '--limit'],
    ] as const) {
      const { code, err } = await run(...args)
      expect([code, err.startsWith(part)], err).toEqual([2, true])
    }
  })
})
