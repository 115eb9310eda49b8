import { z } from 'zod'
import { Downstream, EndpointUrl, Topic } from '../domain/endpoint/events.ts'
import { DeliveryFault, NotificationId } from '../domain/notification/events.ts'
import { CategoryKey, EventId, Instant, Position, PurposeKey, SubjectId } from '../domain/values.ts'
import type * as views from '../projections/notification-views.ts'

/** As `rows.ts`, of what downstream systems are told. */

export const EndpointRow = z
  .strictObject({
    downstream: Downstream,
    url: EndpointUrl,
    topics: z.array(Topic),
    generation: z.int(),
    since: Instant,
    before: z.int().nullable(),
    removed: z.boolean(),
  })
  .meta({ id: 'EndpointRow' }) satisfies z.ZodType<views.EndpointRow>

export const NotificationStatus = z.enum(['outstanding', 'confirmed', 'abandoned'])

export const NotificationRow = z
  .strictObject({
    notification: NotificationId,
    topic: Topic,
    downstream: Downstream,
    subject: SubjectId,
    cause: EventId,
    position: Position,
    occurredAt: Instant,
    since: Instant,
    status: NotificationStatus,
    attempts: z.int(),
    next: Instant.nullable(),
    fault: z.strictObject({ code: DeliveryFault, status: z.int().nullable() }).nullable(),
    changedAt: Instant,
    categories: z.array(CategoryKey),
    purpose: PurposeKey.nullable(),
    reason: z.string().nullable(),
    stillHeld: z.array(CategoryKey),
    references: z.array(z.strictObject({ event: EventId, document: z.string().nullable() })),
    referencesInAll: z.int(),
  })
  .meta({ id: 'NotificationRow' }) satisfies z.ZodType<views.NotificationRow>
