import { z } from 'zod'
import { Topic } from '../domain/endpoint/events.ts'
import {
  CategoryKey,
  ControllerId,
  EventId,
  Instant,
  PurposeKey,
  SubjectId,
} from '../domain/values.ts'
import type { NotificationRow } from '../projections/notification-views.ts'

/**
 * What is posted to a downstream system (Standard Webhooks 1.0.0, "Payload structure"). Whom it is about,
 * the pseudonym and the references to what was handed over say: there is no identifier and no personal
 * value in it.
 */
export const WebhookMessage = z.strictObject({
  type: Topic,
  /** When it happened, not when it is sent. */
  timestamp: Instant,
  data: z.strictObject({
    controller: ControllerId,
    subject: SubjectId.describe('The pseudonym, as the answers to acts told it.'),
    event: EventId.describe('The event in the ledger that it is about.'),
    categories: z
      .array(CategoryKey)
      .describe('Of what you received or delivered, what it concerns.'),
    purpose: PurposeKey.nullable().describe('Of a withdrawal or an objection.'),
    reason: z.string().nullable().describe('Of a deletion: what it was asked for.'),
    stillHeld: z
      .array(CategoryKey)
      .describe('Of a deletion: the categories of which other values are still held.'),
    references: z
      .array(
        z.strictObject({
          event: EventId.describe('The share or the collection, as the ledger answered it.'),
          document: z.string().nullable().describe('The document that the share named.'),
        }),
      )
      .max(50)
      .describe('The latest times that it passed to you or came from you.'),
    referencesInAll: z.int().describe('How many such times there were.'),
  }),
})

/** The body of a message: the same bytes at every attempt, on every node. */
export function webhookBody(controller: ControllerId, row: NotificationRow): string {
  const { topic, occurredAt, subject, cause, categories, purpose, reason } = row
  const message: z.input<typeof WebhookMessage> = {
    type: topic,
    timestamp: occurredAt,
    data: {
      ...{ controller, subject, event: cause, categories: [...categories], purpose, reason },
      stillHeld: [...row.stillHeld],
      references: row.references.map(({ event, document }) => ({ event, document })),
      referencesInAll: row.referencesInAll,
    },
  }
  return JSON.stringify(message)
}
