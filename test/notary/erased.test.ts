import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Reference, START, type SubjectId } from '../../src/domain/values.ts'
import { verifyLedger } from '../../src/notary/verify.ts'
import { verifyInclusion } from '../../src/proof/merkle.ts'
import { parseVerifierKey } from '../../src/proof/note.ts'
import { openStack, symphony, type Stack } from '../support/stack.ts'
import { registration, Someone } from '../support/whole-ledger.ts'

let stack: Stack
beforeAll(async () => {
  stack = await openStack()
}, 60_000)
afterAll(() => stack.dispose())

describe('after an erasure', { timeout: 60_000 }, () => {
  it('all that was signed before and after still verifies', async () => {
    const { custody, caller, configuration } = stack
    const told = await new Someone(stack).reports('2015-01-10T20:00:00.000Z', registration)
    const subject = told.subject as SubjectId
    const before = (await custody.notary.checkpoint(symphony))!
    const deletion = { deletion: Reference.parse('gone'), cause: 'request', at: null } as const
    const erased = await custody.services.deletions.request(caller, {
      ...{ ...deletion, subject, request: null },
      scope: { everything: true },
    })
    expect(erased.outcome).toBe('deleted')
    const after = (await custody.notary.checkpoint(symphony))!
    expect(after.size).toBeGreaterThan(before.size)
    const verification = await verifyLedger({
      ledger: configuration.ledger,
      notaryPath: configuration.notaryFile,
      keys: [parseVerifierKey((await custody.notary.identity(symphony)).verifierKey)!],
      pinned: true,
      kept: [{ note: before.note, file: 'kept.txt', own: false }],
    })
    expect(verification).toMatchObject({ ok: true, findings: [] })
    for (const record of await custody.log.readAll(START, 100)) {
      if (record.stream.startsWith('checkpoint-')) continue
      const proved = await custody.notary.prove(symphony, { position: record.position })
      if (!proved.ok) throw new Error(proved.message)
      expect(verifyInclusion({ ...proved.value, root: after.root })).toBeNull()
    }
  })
})
