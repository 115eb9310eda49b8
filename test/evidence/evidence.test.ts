import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyEvidence } from '../../src/evidence/verify.ts'
import type { Day } from '../../src/domain/values.ts'
import type { Bundle } from '../../src/proof/bundle.ts'
import { openStack } from '../support/stack.ts'
import { askRefusals, askTransfer, tellStory, type Scene } from './scene.ts'

let scene: Scene

beforeAll(async () => {
  scene = await tellStory(await openStack())
}, 120_000)
afterAll(() => scene.stack.dispose())

const read = (text: string) => JSON.parse(text) as Bundle

describe('evidence about a person', () => {
  it('has the streams that speak of the person whole, and no event of anybody else', async () => {
    const { text } = await scene.cut(await scene.askAnn())
    const { streams, events, range } = read(text)
    const subject = await scene.ann.subject()
    expect(streams.map(({ stream }) => stream)).toEqual([
      'policy-symphony-commerce/symphony-commerce-privacy',
      'request-symphony-commerce/request-1',
      `subject-symphony-commerce/${subject}`,
    ])
    expect(range).toBeNull()
    expect(new Set(events.map(({ stream }) => stream))).toEqual(
      new Set(streams.map(({ stream }) => stream)),
    )
    expect(text).not.toContain(await scene.ben.subject())
    expect(text).not.toContain('Ann Example')
    expect(await verifyEvidence(text, scene.log)).toMatchObject({ ok: true })
  })
})

describe('evidence of a transfer, of a report, and of a period', () => {
  it('has the whole history for what rests on all of it', async () => {
    for (const asked of [askTransfer, askRefusals]) {
      const made = await scene.cut(asked)
      const { range, hashes, streams } = read(made.text)
      expect(range).toEqual({ first: 0, end: made.size })
      expect([hashes, streams]).toEqual([[], []])
      expect(await verifyEvidence(made.text, scene.log)).toMatchObject({ ok: true })
    }
  })
  it('period', async () => {
    const today = new Date().toJSON().slice(0, 10) as Day
    const made = await scene.cut({ kind: 'period', from: today, until: today })
    expect(await verifyEvidence(made.text, scene.log)).toMatchObject({ ok: true })
    const made2 = await scene.cut({
      kind: 'period',
      from: '2014-01-01' as Day,
      until: '2014-02-01' as Day,
    })
    expect(await verifyEvidence(made2.text, scene.log)).toMatchObject({ ok: true })
    const made3 = await scene.cut({
      kind: 'period',
      from: '2034-01-01' as Day,
      until: '2034-02-01' as Day,
    })
    expect(await verifyEvidence(made3.text, scene.log)).toMatchObject({ ok: true })
  })
})
