import type { Downstream, EndpointUrl, Topic } from '../domain/endpoint/events.ts'
import type { DeliveryFault, NotificationId } from '../domain/notification/events.ts'
import type {
  CategoryKey,
  ControllerId,
  EventId,
  Instant,
  Position,
  PurposeKey,
  SubjectId,
} from '../domain/values.ts'
import type { Page, Paging } from './views.ts'

/** Where a recipient or a source system is told, and under which secret. */
export type EndpointRow = Readonly<{
  downstream: Downstream
  url: EndpointUrl
  topics: readonly Topic[]
  generation: number
  /** When this generation's secret began; the one before it may sign as well for a while. */
  since: Instant
  before: number | null
  removed: boolean
}>

/** A share or a collection by which the downstream system may know whom the message is about. */
export type NotificationReference = Readonly<{ event: EventId; document: string | null }>

/** What a message says, beside its topic and its subject. Never an identifier or a personal value. */
export type NotificationContent = Readonly<{
  /** What that system had received, or had delivered, of what is concerned. */
  categories: readonly CategoryKey[]
  /** Of a withdrawal or an objection. */
  purpose: PurposeKey | null
  /** Of a deletion: why. */
  reason: string | null
  /** Of a deletion: those of the categories of which other values are still held. */
  stillHeld: readonly CategoryKey[]
  /** The latest; `referencesInAll` says how many there are. */
  references: readonly NotificationReference[]
  referencesInAll: number
}>

export type NotificationStatus = 'outstanding' | 'confirmed' | 'abandoned'

/** A message to one downstream system about one event, and how it stands. */
export type NotificationRow = Readonly<
  {
    notification: NotificationId
    topic: Topic
    downstream: Downstream
    subject: SubjectId
    /** The event it is about, when that happened, and since when the message is due. */
    cause: EventId
    position: Position
    occurredAt: Instant
    since: Instant
    status: NotificationStatus
    attempts: number
    /** Of an outstanding one: not before then. */
    next: Instant | null
    /** Why the last attempt failed, if it did. */
    fault: Readonly<{ code: DeliveryFault; status: number | null }> | null
    /** When the status, or the next attempt, became this. */
    changedAt: Instant
  } & NotificationContent
>

/** The questions about what downstream systems are told. A part of `Views`. */
export interface NotificationViews {
  /** The endpoints, removed ones too, by recipient and source. */
  endpoints(controller: ControllerId, position: Position): readonly EndpointRow[]
  /** By the position of what caused them. */
  notifications(
    controller: ControllerId,
    position: Position,
    filter: { status?: NotificationStatus; topic?: Topic; downstream?: Downstream },
    paging: Paging,
  ): Page<NotificationRow>
  /** As it stands; null where there is none. */
  notification(controller: ControllerId, notification: NotificationId): NotificationRow | null
  /** The outstanding messages to one system whose time has come, the longest due first. */
  dueNotifications(
    controller: ControllerId,
    downstream: Downstream,
    now: Instant,
    limit: number,
  ): readonly NotificationRow[]
}
