import { hkdfSync, type KeyObject } from 'node:crypto'
import type { ControllerId } from '../domain/values.ts'

/** Which secret: of whose endpoint (`recipient/mailer`), and the how many-eth it has. */
export type WebhookSecretName = Readonly<{
  controller: ControllerId
  downstream: string
  generation: number
}>

/** The secret of an endpoint: 32 bytes, always the same for the same name. */
export type WebhookSecrets = (name: WebhookSecretName) => Buffer

/**
 * Secrets that sign what downstream systems are told, derived from the root key by HKDF-SHA-256 (RFC 5869)
 * and bound to what they are for: none is ever stored, and none tells anything of another.
 */
export function createWebhookSecrets(rootKey: KeyObject): WebhookSecrets {
  return ({ controller, downstream, generation }) => {
    const info = JSON.stringify(['custody.webhook', 1, controller, downstream, generation])
    return Buffer.from(hkdfSync('sha256', rootKey, '', info, 32))
  }
}
