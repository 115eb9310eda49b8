import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { verifyEvidence } from '../../src/evidence/verify.ts'
import { parseVerifierKey } from '../../src/proof/note.ts'
import type { PinnedLog } from '../../src/proof/verify-bundle.ts'
import { symphony } from '../support/stack.ts'
import { openApi, prospect, type Harness, type Json } from './harness.ts'

let api: Harness
let log: PinnedLog
/** The event that collected the address. */
let event: string

const address = 'evidence@example.org'
const subject = { identifiers: [{ scheme: 'email', value: address }] }
const ask = (question: Json, more: Json = {}, as: 'auditor' | 'officer' | 'stranger' = 'auditor') =>
  api.ask({ method: 'POST', url: '/v1/evidence', as, body: { question, ...more } })

beforeAll(async () => {
  api = await openApi()
  const { origin, verifierKey } = await api.stack.custody.notary.identity(symphony)
  log = { origin, keys: [parseVerifierKey(verifierKey)!] }
  const said = await api.ask({ method: 'POST', url: '/v1/acts', body: prospect(address) })
  event = said.body.events[0].id
}, 120_000)
afterAll(() => api.close())

describe('evidence over HTTP', () => {
  it.each([
    { kind: 'subject', subject },
    { kind: 'period', from: '2020-01-01', until: '9000-01-01' },
    { kind: 'refusals' },
    { kind: 'promotional' },
    { kind: 'disclosures' },
  ])('is a file that verifies ($kind)', async (question) => {
    const { status, headers, text } = await ask(question)
    expect(status).toBe(200)
    expect(headers['content-type']).toMatch(/^application\/json/)
    expect(headers['content-disposition']).toMatch(
      /^attachment; filename="[a-z]+-[0-9]+\.custody-evidence\.json"$/,
    )
    expect(text).not.toContain(address)
    expect(await verifyEvidence(text, log)).toMatchObject({ ok: true })
  })

  it('has values in clear for whoever may export them, and for nobody else', async () => {
    const disclose = [{ event, category: 'user.contact.email' }]
    const refused = await ask({ kind: 'subject', subject }, { disclose })
    expect(refused.status).toBe(403)
    const { status, text } = await ask({ kind: 'subject', subject }, { disclose }, 'officer')
    expect(status).toBe(200)
    expect(text).toContain(address)
    expect(await verifyEvidence(text, log)).toMatchObject({ ok: true })
  })

  it('says what is wrong with a question, and answers nobody of another controller', async () => {
    const unknown = { identifiers: [{ scheme: 'email', value: 'nobody@example.org' }] }
    expect((await ask({ kind: 'subject', subject: unknown })).status).toBe(404)
    expect((await ask({ kind: 'transfer', transfer: 'nothing' })).status).toBe(404)
    expect((await ask({ kind: 'subject', subject }, {}, 'stranger')).status).toBe(404)
    const period = await ask({ kind: 'period', from: '2020-01-02', until: '2020-01-01' })
    expect(period).toMatchObject({
      status: 400,
      body: { errors: [{ in: 'body', field: 'question.until' }] },
    })
    const none = [{ event, category: 'user.location' }]
    const stray = [{ event: '0190f000-0000-7000-8000-000000000000', category: null }]
    for (const disclose of [none, stray]) {
      const answer = await ask({ kind: 'subject', subject }, { disclose }, 'officer')
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ field: 'disclose' }] } })
    }
  })
})
