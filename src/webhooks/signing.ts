import { createHmac } from 'node:crypto'

/** A secret as its receiver is told it: `whsec_` and base64 (Standard Webhooks 1.0.0). */
export function spellSecret(secret: Uint8Array): string {
  return `whsec_${Buffer.from(secret).toString('base64')}`
}

/**
 * The headers of a message (Standard Webhooks 1.0.0, "Webhook headers"): one `v1` signature, HMAC-SHA-256
 * of `<id>.<timestamp>.<body>`, for each secret. The id has no full stop.
 *
 * @param timestamp of this attempt, in seconds since 1970
 */
export function signatureHeaders(
  { id, timestamp, body }: Readonly<{ id: string; timestamp: number; body: string }>,
  secrets: readonly Uint8Array[],
): Record<'webhook-id' | 'webhook-timestamp' | 'webhook-signature', string> {
  const content = `${id}.${timestamp}.${body}`
  const signatures = secrets.map(
    (secret) => `v1,${createHmac('sha256', secret).update(content).digest('base64')}`,
  )
  return {
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
