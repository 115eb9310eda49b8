import { beforeAll, describe, expect, it } from 'vitest'
import { Reference, type Day } from '../../src/domain/values.ts'
import { transferReport } from '../../src/reports/transfer.ts'
import {
  auditTrail,
  registerRecipient,
  registration,
  wholeLedger,
} from '../support/whole-ledger.ts'

const ledger = wholeLedger()
const scope = { everything: true } as const
const asOf = new Date().toJSON().slice(0, 10) as Day

beforeAll(() => registerRecipient(ledger.stack, 'northwind', 'acquirer'))

async function scoped(name: string): Promise<Reference> {
  const { custody, caller } = ledger.stack
  const transfer = Reference.parse(name)
  await custody.services.transfers.propose(caller, {
    ...{ transfer, title: 'A merger', transaction: 'merger', scope },
    acquirer: 'northwind' as never,
  })
  await custody.services.transfers.scope(caller, { transfer, scope })
  return transfer
}

async function notNotified(transfer: Reference): Promise<number> {
  const { custody, caller } = ledger.stack
  await custody.caughtUp()
  const position = custody.views.position()
  const report = transferReport(custody.views, caller.controller, position, { transfer, asOf })
  const figure = report!.figures.find(({ name }) => /not-?notified/i.test(name))
  return figure!.value
}

describe('S9: people are notified of a transfer', () => {
  it('lists who has not been told, and lets it be executed when everybody has', async () => {
    const { custody, caller } = ledger.stack
    const people = [ledger.someone(), ledger.someone(), ledger.someone()]
    for (const person of people) await person.asks(registration)
    const transfer = await scoped('merger-1')
    const notice = { type: 'notify', about: 'transfer', reference: transfer, channel: 'email' }
    await people[0]!.asks(notice)
    expect(await notNotified(transfer)).toBe(2)
    await people[1]!.asks(notice)
    await people[2]!.asks(notice)
    expect(await notNotified(transfer)).toBe(0)
    const executed = await custody.services.transfers.execute(caller, { transfer, override: null })
    expect(executed).toMatchObject({ outcome: 'recorded' })
  })

  it('refuses to execute it while somebody was not told, unless that is overridden on the record', async () => {
    const { custody, caller } = ledger.stack
    await ledger.someone().asks(registration)
    const transfer = await scoped('merger-2')
    const refused = await custody.services.transfers.execute(caller, { transfer, override: null })
    expect(refused).toMatchObject({
      ...{ outcome: 'refused', manifest: null },
      refusals: [{ code: 'people_not_notified', obligation: 'S9' }],
    })
    const override = { reason: 'The notice is in print', approver: 'general-counsel' }
    const executed = await custody.services.transfers.execute(caller, { transfer, override })
    expect(executed.outcome).toBe('recorded')
    const trail = await auditTrail(ledger.stack)
    const own = trail.filter(({ stream }) => stream.endsWith('/merger-2'))
    expect(own.map(({ type, code }) => [type, code])).toEqual([
      ['TransferProposed', null],
      ['TransferScoped', null],
      ['TransferStepRefused', 'people_not_notified'],
      ['TransferExecuted', null],
    ])
    const [record] = await custody.log.readAt([own.at(-1)!.position])
    expect(JSON.parse(record!.body)).toMatchObject({ data: { override } })
  })
})
