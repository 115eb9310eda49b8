import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { WebhookMessage } from '../../src/application/webhook-message.ts'
import type { SubjectId } from '../../src/domain/values.ts'
import { openReceiver, says, verifies, type Received, type Receiver } from '../support/receiver.ts'
import { openStack, type Stack } from '../support/stack.ts'
import { keepNotifying } from '../../src/jobs/keep-notifying.ts'
import { crm, erase, mailer, movingClock, notify, register, someone } from './downstream.ts'

const program = fileURLToPath(new URL('notifying-process.ts', import.meta.url))
const all = { limit: 1_000, cursor: null }

let stack: Stack
let mail: Receiver
let sales: Receiver
let secrets: { mail: string; sales: string }
let clock: ReturnType<typeof movingClock>
beforeEach(async () => {
  mail = await openReceiver()
  sales = await openReceiver()
  const webhookAllow = [mail, sales].map(({ port }) => `127.0.0.1:${port}`).join()
  stack = await openStack({ webhookAllow })
  secrets = {
    mail: await register(stack, mailer, mail.url),
    sales: await register(stack, crm, sales.url),
  }
})
afterEach(async () => {
  await stack.dispose()
  await mail.close()
  await sales.close()
})

async function erased(name: string): Promise<SubjectId> {
  const subject = await someone(stack, name)
  await erase(stack, subject)
  // Only what fell due before now is due: the clock of the job begins here.
  clock = movingClock()
  return subject
}
const run = (over: Parameters<typeof notify>[2] = {}) =>
  notify(stack.custody, stack.caller, { now: () => clock.now(), ...over })

function list(status?: 'outstanding' | 'confirmed' | 'abandoned', from = stack) {
  const { custody, caller } = from
  const { views } = custody
  const filter = status ? { status } : {}
  return views.notifications(caller.controller, views.position(), filter, all).rows
}
const to = (downstream: typeof mailer) => list().find((row) => row.downstream.id === downstream.id)!
const idsOf = (received: readonly Received[]) =>
  received.map(({ headers }) => headers['webhook-id'])

async function recorded(type: string): Promise<number> {
  await stack.custody.caughtUp()
  const { custody, caller } = stack
  return custody.views.audit(caller.controller, custody.views.position(), { type }, all).rows.length
}

describe('an erasure', () => {
  it('is told to who had the data and to who gave it, signed, and what was confirmed is recorded', async () => {
    const subject = await erased('ann')
    expect(list('outstanding').map(({ downstream }) => downstream)).toEqual([mailer, crm])
    expect(await run()).toMatchObject({ confirmed: 2, failed: 0, abandoned: 0 })
    expect(list('outstanding')).toEqual([])
    expect(list('confirmed')).toHaveLength(2)
    const [message] = mail.received
    expect(verifies(message!, secrets.mail)).toBe(true)
    expect(verifies(message!, secrets.sales)).toBe(false)
    expect(verifies(sales.received[0]!, secrets.sales)).toBe(true)
    const row = to(mailer)
    expect(message!.headers['webhook-id']).toBe(row.notification)
    for (const { body } of [...mail.received, ...sales.received]) {
      expect(WebhookMessage.safeParse(JSON.parse(body)).success).toBe(true)
    }
    expect(JSON.parse(message!.body)).toEqual({
      type: 'person.erased',
      timestamp: row.occurredAt,
      data: {
        controller: 'symphony-commerce',
        subject,
        event: row.cause,
        categories: ['user.contact.email'],
        purpose: null,
        reason: null,
        stillHeld: [],
        references: [{ event: expect.any(String), document: 'Batch 7' }],
        referencesInAll: 1,
      },
    })
    for (const { body } of [...mail.received, ...sales.received]) {
      expect(body).not.toContain('ann')
      expect(body).not.toContain('example.org')
    }
    expect(await run()).toMatchObject({ confirmed: 0 })
    expect(mail.received).toHaveLength(1)
  })

  it('leads to what was confirmed: the event names the message and what caused it', async () => {
    await erased('ann')
    await run()
    const row = to(mailer)
    const { custody, caller } = stack
    const [found] = await custody.log.readStream(
      `notification-${caller.controller}/${row.notification}` as never,
      0 as never,
      10,
    )
    expect(found!.type).toBe('NotificationConfirmed')
    expect(JSON.parse(found!.body)).toMatchObject({
      causation: row.cause,
      data: { attempt: 1, status: 204 },
    })
  })
})

describe('a withdrawal', () => {
  it('is told with its purpose, and not to who has no endpoint any more', async () => {
    const subject = await someone(stack, 'ben')
    const { custody, caller, say } = stack
    await custody.services.endpoints.remove(caller, { downstream: crm, reason: 'replaced' })
    await say({
      ...{ type: 'object', mode: 'observe', source: 'crm', purpose: 'promotional-mail' },
      ...{ channel: 'email', subject: { subject } },
      occurredAt: '2014-07-03T09:00:00.000Z',
    } as never)
    await custody.caughtUp()
    clock = movingClock()
    await run()
    const told = mail.received.map(({ body }) => JSON.parse(body))
    expect(told).toMatchObject([
      { type: 'objection.made', data: { subject, purpose: 'promotional-mail' } },
    ])
    expect(sales.received).toEqual([])
  })
})

describe('a receiver that fails', () => {
  it('is asked again, later and later, with the same message, and given up after ten times', async () => {
    await erased('ann')
    mail.answer(says(503))
    expect(await run()).toMatchObject({ confirmed: 1, failed: 1 })
    const since = to(mailer).since
    clock.forward(4)
    expect(await run()).toMatchObject({ failed: 0 })
    for (const seconds of [6, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000]) {
      clock.forward(seconds)
      expect(await run()).toMatchObject({ failed: 1 })
      expect(await run()).toMatchObject({ failed: 0 })
      expect(list('outstanding')).toMatchObject([
        { since, fault: { code: 'rejected', status: 503 }, attempts: mail.received.length },
      ])
    }
    clock.forward(86_400)
    expect(await run()).toMatchObject({ abandoned: 1 })
    expect(mail.received).toHaveLength(10)
    expect(new Set(idsOf(mail.received)).size).toBe(1)
    expect(new Set(mail.received.map(({ body }) => body)).size).toBe(1)
    const times = mail.received.map(({ headers }) => Number(headers['webhook-timestamp']))
    expect(times).toEqual([...times].sort((a, b) => a - b))
    expect(new Set(times).size).toBe(10)
    expect(mail.received.every((one) => verifies(one, secrets.mail))).toBe(true)
    expect(list('outstanding')).toEqual([])
    expect(list('abandoned')).toMatchObject([{ downstream: mailer, attempts: 10, since }])
    clock.forward(864_000)
    expect(await run()).toMatchObject({ failed: 0, abandoned: 0 })
    mail.answer(says(200))
    const { custody, caller } = stack
    const step = { notification: to(mailer).notification, reason: 'they are back' }
    await custody.services.notifications.retry(caller, step)
    await custody.caughtUp()
    expect(list('outstanding')).toMatchObject([{ downstream: mailer, since }])
    expect(await run()).toMatchObject({ confirmed: 1 })
    expect(list()).toMatchObject([{ status: 'confirmed' }, { status: 'confirmed' }])
  })

  it('is asked when it says, and no more where it wants no more', async () => {
    await erased('ann')
    mail.answer(says(429, { 'retry-after': '600' }))
    sales.answer(says(410))
    expect(await run()).toMatchObject({ failed: 1, abandoned: 1 })
    expect(to(crm)).toMatchObject({ status: 'abandoned', fault: { code: 'gone', status: 410 } })
    clock.forward(599)
    expect(await run()).toMatchObject({ failed: 0 })
    mail.answer(says(204))
    clock.forward(2)
    expect(await run()).toMatchObject({ confirmed: 1 })
  })

  it('holds up nobody else', async () => {
    await erased('ann')
    const slow = Promise.withResolvers<void>()
    mail.answer((response) => void slow.promise.then(() => response.writeHead(204).end()))
    const running = run()
    await expect.poll(() => sales.received.length).toBe(1)
    await expect
      .poll(async () => {
        await stack.custody.caughtUp()
        return to(crm).status
      })
      .toBe('confirmed')
    expect(to(mailer).status).toBe('outstanding')
    slow.resolve()
    expect(await running).toMatchObject({ confirmed: 2 })
  })

  it('is left alone for the run when it fails time after time', async () => {
    for (let count = 0; count < 30; count += 1) {
      await someone(stack, `person-${count}`).then((subject) => erase(stack, subject))
    }
    clock = movingClock()
    mail.answer(says(500))
    const result = await run()
    expect(result).toMatchObject({ confirmed: 30, leftAlone: 1 })
    expect(mail.received.length).toBeLessThan(17)
    expect(list('outstanding')).toHaveLength(30)
    mail.answer(says(204))
    clock.forward(10)
    expect(await run()).toMatchObject({ confirmed: 30, leftAlone: 0 })
    expect(list('outstanding')).toEqual([])
  })

  it('that was removed is told where it is next', async () => {
    await erased('ann')
    const { custody, caller } = stack
    await custody.services.endpoints.remove(caller, { downstream: mailer, reason: 'moves' })
    await custody.caughtUp()
    expect(await run()).toMatchObject({ confirmed: 1, failed: 1 })
    expect(to(mailer).fault).toEqual({ code: 'endpoint_missing', status: null })
    const secret = await register(stack, mailer, mail.url)
    expect(secret).not.toBe(secrets.mail)
    await custody.caughtUp()
    clock.forward(10)
    await run()
    expect(mail.received.map((one) => verifies(one, secret))).toEqual([true])
  })
})

describe('a node that serves', () => {
  const keep = (restMs: number, signal: AbortSignal, errors: unknown[] = []) =>
    keepNotifying({
      jobs: () => {
        const { services, views, deliver, now } = stack.custody
        return [{ services, views, caller: stack.caller, deliver, now, random: () => 0, signal }]
      },
      everyMs: 20,
      restMs,
      onError: (error) => void errors.push(error),
      signal,
    })

  it('goes on telling the others while one hangs, and ends what it began', async () => {
    const stop = new AbortController()
    const kept = keep(60_000, stop.signal)
    const slow = Promise.withResolvers<void>()
    mail.answer((response) => void slow.promise.then(() => response.writeHead(204).end()))
    await erased('ann')
    await expect.poll(() => sales.received.length).toBe(1)
    await expect.poll(() => mail.received.length).toBe(1)
    await erased('ben')
    await expect.poll(() => sales.received.length).toBe(2)
    expect(list('confirmed').every(({ downstream }) => downstream.id === 'crm')).toBe(true)
    stop.abort()
    slow.resolve()
    await kept
    await stack.custody.caughtUp()
    expect(list('confirmed').some(({ downstream }) => downstream.id === 'mailworks')).toBe(true)
    const told = sales.received.length + mail.received.length
    await erased('cas')
    expect(sales.received.length + mail.received.length).toBe(told)
  })

  it('lets a system rest that fails time after time, and comes back to it', async () => {
    for (let count = 0; count < 40; count += 1) {
      await someone(stack, `person-${count}`).then((subject) => erase(stack, subject))
    }
    mail.answer(says(500))
    const stop = new AbortController()
    const kept = keep(600, stop.signal)
    await expect.poll(() => list('confirmed').length, { timeout: 20_000 }).toBe(40)
    expect(mail.received.length).toBeLessThan(40)
    mail.answer(says(204))
    await expect.poll(() => list('outstanding').length, { timeout: 30_000 }).toBe(0)
    stop.abort()
    await kept
  }, 60_000)

  it('tells what it could not do, and tries again', async () => {
    const { custody } = stack
    await erased('ann')
    const stop = new AbortController()
    const errors: unknown[] = []
    let failures = 2
    const views = Object.create(custody.views) as typeof custody.views
    views.endpoints = (...asked) => {
      failures -= 1
      if (failures >= 0) throw new Error('disk')
      return custody.views.endpoints(...asked)
    }
    const whole = stack
    stack = { ...stack, custody: { ...custody, views } }
    const kept = keep(600, stop.signal, errors)
    await expect.poll(() => sales.received.length).toBe(1)
    stop.abort()
    await kept
    stack = whole
    expect(errors.map(String)).toEqual(['Error: disk', 'Error: disk'])
  })
})

describe('a new secret', () => {
  it('signs at once, and the one before it as well, for a day', async () => {
    const { custody, caller } = stack
    const rotated = await custody.services.endpoints.rotate(caller, { downstream: mailer })
    const secret = String(rotated.secret)
    expect(secret).toMatch(/^whsec_/)
    await erased('ann')
    await run()
    const signed = () => [secret, secrets.mail].map((one) => verifies(mail.received.at(-1)!, one))
    expect(signed()).toEqual([true, true])
    await erased('ben')
    clock.forward(86_401)
    await run()
    expect(signed()).toEqual([true, false])
  })
})

describe('a process that is killed', () => {
  const environment = () => {
    const { dataDirectory, rootKey, keyringDirectory, notaryKeyFile } = stack.configuration
    return {
      ...process.env,
      CUSTODY_DATA: dataDirectory,
      CUSTODY_ROOT_KEY: rootKey ?? '',
      CUSTODY_KEYRING: keyringDirectory,
      CUSTODY_NOTARY_KEY_FILE: notaryKeyFile,
      CUSTODY_WEBHOOK_ALLOW: `127.0.0.1:${mail.port} 127.0.0.1:${sales.port}`,
    }
  }
  const start = (): ChildProcess =>
    spawn(process.execPath, [program], {
      env: environment(),
      stdio: ['ignore', 'ignore', 'inherit'],
    })

  it('between posting and recording posts again, under the same id, and records once', async () => {
    await erased('ann')
    await stack.close()
    // Each is killed when its message has arrived, before the answer.
    for (let kill = 0; kill < 2; kill += 1) {
      const child = start()
      mail.answer(() => void child.kill('SIGKILL'))
      await once(child, 'exit')
    }
    expect(mail.received).toHaveLength(2)
    mail.answer(says(204))
    const [code] = (await once(start(), 'exit')) as [number]
    expect(code).toBe(0)
    expect(mail.received).toHaveLength(3)
    expect(new Set(idsOf(mail.received)).size).toBe(1)
    expect(new Set(mail.received.map(({ body }) => body)).size).toBe(1)
    stack = await stack.reopen()
    await stack.custody.caughtUp()
    expect(list()).toMatchObject([{ status: 'confirmed' }, { status: 'confirmed' }])
    expect(await recorded('NotificationConfirmed')).toBe(2)
  }, 60_000)

  it('is nothing to another that runs at the same time: each message is confirmed once', async () => {
    const people = 12
    for (let count = 0; count < people; count += 1) {
      await someone(stack, `person-${count}`).then((subject) => erase(stack, subject))
    }
    clock = movingClock()
    const beside = await stack.openBeside()
    try {
      await beside.custody.caughtUp()
      const both = await Promise.all([run(), notify(beside.custody, beside.caller)])
      const confirmed = both.map((one) => one.confirmed)
      expect(confirmed[0]! + confirmed[1]!).toBe(2 * people)
    } finally {
      await beside.close()
    }
    expect(new Set(idsOf(mail.received)).size).toBe(people)
    expect(await recorded('NotificationConfirmed')).toBe(2 * people)
    expect(await recorded('NotificationFailed')).toBe(0)
    expect(list('outstanding')).toEqual([])
  }, 60_000)
})
