import { createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createWebhookSecrets } from '../../src/vault/webhook-secrets.ts'
import { signatureHeaders, spellSecret } from '../../src/webhooks/signing.ts'
import { symphony } from '../support/envelopes.ts'
import { verifies } from '../support/receiver.ts'

/** The known answer of the specification's own libraries. */
const known = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  message: {
    id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    timestamp: 1614265330,
    body: '{"test": 2432232314}',
  },
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
}
const secret = Buffer.from(known.secret.slice('whsec_'.length), 'base64')

describe('a signature', () => {
  it('is the one that Standard Webhooks gives', () => {
    expect(spellSecret(secret)).toBe(known.secret)
    expect(signatureHeaders(known.message, [secret])).toEqual({
      'webhook-id': known.message.id,
      'webhook-timestamp': '1614265330',
      'webhook-signature': known.signature,
    })
  })

  it('is there for each secret while one gives way to another', () => {
    const other = Buffer.alloc(32, 7)
    const headers = signatureHeaders(known.message, [other, secret])
    const received = { method: 'POST', path: '/', headers, body: known.message.body }
    expect(headers['webhook-signature'].split(' ')).toHaveLength(2)
    expect(verifies(received, known.secret)).toBe(true)
    expect(verifies(received, spellSecret(other))).toBe(true)
    expect(verifies(received, spellSecret(Buffer.alloc(32, 8)))).toBe(false)
    expect(verifies({ ...received, body: `${received.body} ` }, known.secret)).toBe(false)
  })
})

describe('the secret of an endpoint', () => {
  const secrets = createWebhookSecrets(createSecretKey(Buffer.alloc(32, 1)))
  const name = { controller: symphony, downstream: 'recipient/mailer', generation: 1 }

  it('is always the same, and of no other endpoint, generation, controller or root key', () => {
    const others = [
      secrets({ ...name, generation: 2 }),
      secrets({ ...name, downstream: 'source/mailer' }),
      secrets({ ...name, controller: 'acme-store' as never }),
      createWebhookSecrets(createSecretKey(Buffer.alloc(32, 2)))(name),
    ]
    expect(secrets(name)).toEqual(secrets({ ...name }))
    expect(secrets(name)).toHaveLength(32)
    const all = [secrets(name), ...others].map((one) => one.toString('hex'))
    expect(new Set(all).size).toBe(5)
    expect(all.some((one) => one === Buffer.alloc(32, 1).toString('hex'))).toBe(false)
  })
})
