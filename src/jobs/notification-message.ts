import type { OutgoingMessage } from '../application/notifications.ts'
import type { ControllerId, Instant } from '../domain/values.ts'
import type { EndpointRow, NotificationRow } from '../projections/notification-views.ts'

/** How long the secret before the present one signs as well, in milliseconds: a day. */
const OVERLAP_MS = 86_400_000

/**
 * What is posted (Standard Webhooks 1.0.0, "Payload structure"): the same bytes at every attempt. Whom it
 * is about, the pseudonym and the references to what was handed over say; there is no identifier and no
 * personal value in it.
 */
export function messageTo(
  controller: ControllerId,
  { url, generation, before, since }: EndpointRow,
  row: NotificationRow,
  at: Instant,
): OutgoingMessage {
  const overlaps = before !== null && Date.parse(at) < Date.parse(since) + OVERLAP_MS
  return {
    controller,
    downstream: row.downstream,
    generations: overlaps ? [generation, before] : [generation],
    id: row.notification,
    url,
    body: bodyOf(controller, row),
    at,
  }
}

function bodyOf(controller: ControllerId, row: NotificationRow): string {
  const { topic, occurredAt, subject, cause, categories, purpose, reason } = row
  const { stillHeld, references, referencesInAll } = row
  return JSON.stringify({
    type: topic,
    timestamp: occurredAt,
    data: {
      ...{ controller, subject, event: cause, categories, purpose, reason, stillHeld },
      ...{ references, referencesInAll },
    },
  })
}
