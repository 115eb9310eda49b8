import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createEvidence } from '../../src/evidence/make.ts'
import { createDisclosing } from '../../src/application/disclosing.ts'
import { createRegister } from '../../src/application/register.ts'
import { verifyEvidence } from '../../src/evidence/verify.ts'
import type { Stack } from '../support/stack.ts'
import { cutShop, openShop, order } from './small-scene.ts'

let stack: Stack

beforeAll(async () => {
  stack = await openShop()
  await order(stack, 'dee@shop.example', 500)
}, 120_000)
afterAll(() => stack.dispose())

/** Loose: machines differ, and this one does other things as well. */
const someSecondsMs = 10_000

describe('evidence with 500 events', () => {
  it('is cut and verified in seconds', async () => {
    const started = performance.now()
    const { made, log } = await cutShop(stack, 'dee@shop.example')
    expect(made.events).toBeGreaterThan(500)
    expect(await verifyEvidence(made.text, log)).toMatchObject({ ok: true })
    expect(performance.now() - started).toBeLessThan(someSecondsMs)
  }, 60_000)

  it('is refused where it is more than a bundle may have', async () => {
    const { custody, caller } = stack
    const limits = { events: 400, characters: 1_000_000 }
    const asked = { kind: 'audit', report: 'disclosures' } as const
    const made = await custody.evidence.make(caller, asked, [], limits)
    expect(made).toMatchObject({ problem: 'too_large' })
  })

  it('is cut also while others record and sign', async () => {
    let left = 2
    const { custody, caller } = stack
    const { log, views, executor, vault, notary } = custody
    const disclosing = createDisclosing({ executor, vault, register: createRegister(log, views) })
    const busy: typeof notary = {
      ...notary,
      async headProof(controller, stream) {
        if (left > 0) {
          left -= 1
          await order(stack, `new-${left}@shop.example`)
          await notary.checkpoint(controller)
        }
        return notary.headProof(controller, stream)
      },
    }
    const evidence = createEvidence({ ...custody, notary: busy, disclosing })
    const { made: other, log: pinned } = await cutShop(stack, 'cy@shop.example')
    if (other.question.kind !== 'subject') throw new Error('another question')
    const { subject, day, sense } = other.question
    const asked = { kind: 'subject', subject: { subject }, day, sense } as const
    const made = await evidence.make(caller, asked, [])
    expect(made).toMatchObject({ ok: true })
    if (made.ok) expect(await verifyEvidence(made.text, pinned)).toMatchObject({ ok: true })
    expect(left).toBe(0)
  })
})
