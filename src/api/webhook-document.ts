import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger'
import { z } from 'zod'
import { WebhookMessage } from '../application/webhook-message.ts'

type Described = NonNullable<FastifyDynamicSwaggerOptions['openapi']>
type Webhooks = NonNullable<Extract<Described, { webhooks?: unknown }>['webhooks']>

const header = (name: string, description: string) => ({
  name,
  in: 'header',
  required: true,
  description,
  schema: { type: 'string' as const },
})

/** What Custody posts to endpoints, as the `webhooks` of the OpenAPI document (3.1, 4.8.1). */
export const webhookDocument: Webhooks = {
  notification: {
    post: {
      summary: 'Sent to the endpoints of recipients and source systems',
      description:
        'A Standard Webhooks message. It may come more than once, under the same webhook-id. Any 2xx ' +
        'confirms it; 410 gives it up; anything else is tried again, ten times over three days.',
      tags: ['notifications'],
      parameters: [
        header('webhook-id', 'The same at every attempt: what was done under it is done.'),
        header('webhook-timestamp', 'Of this attempt, in seconds since 1970.'),
        header(
          'webhook-signature',
          'v1, and base64 of HMAC-SHA-256 of <id>.<timestamp>.<body> under the secret; several, apart ' +
            'by spaces, for a day after it was rotated.',
        ),
      ],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: messageSchema() } },
      },
      responses: { '2XX': { description: 'Confirmed.' }, '410': { description: 'No more of it.' } },
    },
  },
}

function messageSchema(): object {
  const { $schema: _, ...schema } = z.toJSONSchema(WebhookMessage)
  return schema
}
