import type { z } from 'zod'
import { accessEventData } from '../domain/access/events.ts'
import { activityEventData } from '../domain/activity/events.ts'
import { backupEventData } from '../domain/backup/events.ts'
import { checkpointEventData } from '../domain/checkpoint/events.ts'
import { endpointEventData } from '../domain/endpoint/events.ts'
import type { StreamKind } from '../domain/envelope.ts'
import { holdEventData } from '../domain/hold/events.ts'
import { notificationEventData } from '../domain/notification/events.ts'
import { policyEventData } from '../domain/policy/events.ts'
import { recipientEventData } from '../domain/recipient/events.ts'
import { requestEventData } from '../domain/request/events.ts'
import { sourceEventData } from '../domain/source/events.ts'
import { subjectEventData } from '../domain/subject/events.ts'
import { transferEventData } from '../domain/transfer/events.ts'

/**
 * One published version of an event type: the shape of its data and, for all but the newest, how it
 * becomes the next version's. Both stay for ever: a published version never changes.
 */
export type EventVersion =
  Readonly<{ data: z.ZodType }> | Readonly<{ data: z.ZodType; upcast: (data: never) => unknown }>

/** An event type: the kinds of stream it may stand in, and its versions from 1 to the newest. */
export type EventType = Readonly<{
  kinds: readonly StreamKind[]
  versions: readonly [EventVersion, ...EventVersion[]]
}>

export type EventTypes = ReadonlyMap<string, EventType>

/** Every event type of the ledger. A new version is added here, behind its predecessors. */
export const eventTypes: EventTypes = new Map([
  ...allInFirstVersion(['subject'], subjectEventData),
  ...allInFirstVersion(['policy'], policyEventData),
  ...allInFirstVersion(['recipient'], recipientEventData),
  ...allInFirstVersion(['hold'], holdEventData),
  ...allInFirstVersion(['transfer'], transferEventData),
  ...allInFirstVersion(['request'], requestEventData),
  ...allInFirstVersion(['activity', 'run'], activityEventData),
  ...allInFirstVersion(['access'], accessEventData),
  ...allInFirstVersion(['checkpoint'], checkpointEventData),
  ...allInFirstVersion(['recipient', 'source'], endpointEventData),
  ...allInFirstVersion(['source'], sourceEventData),
  ...allInFirstVersion(['notification'], notificationEventData),
  ...allInFirstVersion(['backup'], backupEventData),
])

function allInFirstVersion(
  kinds: readonly StreamKind[],
  shapes: Readonly<Record<string, z.ZodType>>,
): [string, EventType][] {
  return Object.entries(shapes).map(([type, data]) => [type, { kinds, versions: [{ data }] }])
}
