import type { OutgoingMessage } from '../application/notifications.ts'
import { webhookBody } from '../application/webhook-message.ts'
import type { ControllerId, Instant } from '../domain/values.ts'
import type { EndpointRow, NotificationRow } from '../projections/notification-views.ts'

/** How long the secret before the present one signs as well, in milliseconds: a day. */
const OVERLAP_MS = 86_400_000

/** The message of a row to an endpoint, signed by its secret, and for a day by the one before as well. */
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
    body: webhookBody(controller, row),
    at,
  }
}
