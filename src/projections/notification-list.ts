import type { Downstream, Topic } from '../domain/endpoint/events.ts'
import type { DeliveryFault, NotificationId } from '../domain/notification/events.ts'
import type { Position } from '../domain/values.ts'
import { somethingEndedBehind } from './asking.ts'
import { emptyPage, pageOf } from './cursor.ts'
import { downstreamKey, downstreamOf } from './endpoints.ts'
import type {
  NotificationContent,
  NotificationRow,
  NotificationStatus,
  NotificationViews,
} from './notification-views.ts'
import { unpackEventId, unpackInstant } from './packing.ts'
import type { Reader, Row } from './reader.ts'
import type { Page, Paging } from './views.ts'

/** The recording of the event it is about, and that of its last change. */
const columns = `delivery.cause, delivery.downstream, id, notification.subject, topic, content,
  status, attempts, next, fault, about.event, about.occurred_at, about.lag,
  changed.occurred_at + changed.lag`
const joined = `JOIN notification ON notification.controller = delivery.controller
    AND notification.cause = delivery.cause AND notification.downstream = delivery.downstream
  JOIN audit AS about ON about.position = delivery.cause
  JOIN audit AS changed ON changed.position = delivery.began`
const behind = `delivery.controller = ?2 AND (delivery.cause, delivery.downstream) > (?3, ?4)
  AND delivery.cause <= ?1 AND began <= ?1`

export const notificationReads = {
  all: `SELECT ${columns} FROM delivery ${joined}
    WHERE ${behind} AND (ended IS NULL OR ended > ?1)
    ORDER BY delivery.cause, delivery.downstream LIMIT ?5`,
  outstanding: `SELECT ${columns} FROM delivery ${joined}
    WHERE outstanding = 1 AND ended IS NULL AND ${behind}
    UNION ALL
    SELECT ${columns} FROM delivery ${joined}
    WHERE outstanding = 1 AND ended IS NOT NULL AND ended > ?1 AND ${behind}
      AND ${somethingEndedBehind}
    ORDER BY 1, 2 LIMIT ?5`,
  due: `SELECT ${columns} FROM delivery INDEXED BY delivery_due ${joined}
    WHERE delivery.controller = ?1 AND delivery.downstream = ?2 AND outstanding = 1
      AND ended IS NULL AND next <= ?3
    ORDER BY next LIMIT ?4`,
  named: `SELECT ${columns} FROM delivery ${joined}
    WHERE notification.controller = ?1 AND id = ?2 AND ended IS NULL`,
} as const

type Filter = Parameters<NotificationViews['notifications']>[2]

/** A page of the messages as they stood at the position, by what caused them. */
export function notificationsPage(
  reader: Reader,
  controller: number,
  position: number,
  { status, topic, downstream }: Filter,
  paging: Paging,
): Page<NotificationRow> {
  const sql = notificationReads[status === 'outstanding' ? 'outstanding' : 'all']
  const wanted = [status, topic, downstream && downstreamKey(downstream)].map((word) =>
    word === undefined ? undefined : reader.term(word),
  )
  // A word that the log never used: nothing bears it.
  if (wanted.includes(null)) return emptyPage
  const [ofStatus, ofTopic, to] = wanted
  return pageOf({
    list: 'notifications',
    paging,
    start: [-1, -1],
    more: (key, count) => reader.all(sql, position, controller, ...key, count),
    keyOf: ([cause, to]) => [Number(cause), Number(to)],
    wanted: (row) =>
      (to === undefined || row[1] === to) &&
      (ofTopic === undefined || row[4] === ofTopic) &&
      (ofStatus === undefined || row[6] === ofStatus),
    answer: (row) => notificationRow(reader, row),
  })
}

/** The outstanding messages to one system that are due at a moment, in milliseconds. */
export function dueNotifications(
  reader: Reader,
  controller: number,
  downstream: Downstream,
  now: number,
  limit: number,
): readonly NotificationRow[] {
  const term = reader.term(downstreamKey(downstream))
  if (term === null) return []
  const rows = reader.all(notificationReads.due, controller, term, now, limit)
  return rows.map((row) => notificationRow(reader, row))
}

/** One message as it stands; null where there is none of that name. */
export function notificationNamed(
  reader: Reader,
  controller: number,
  notification: NotificationId,
): NotificationRow | null {
  const found = reader.first(notificationReads.named, controller, notification)
  return found ? notificationRow(reader, found) : null
}

function notificationRow(reader: Reader, row: Row): NotificationRow {
  const [cause, downstream, id, subject, topic, content, status, attempts, next, fault] = row
  const [event, occurredAt, lag, changedAt] = row.slice(10)
  const failed = fault === null ? null : (reader.value(Number(fault)) as Failed)
  return {
    notification: id as NotificationId,
    topic: reader.text(Number(topic)) as Topic,
    downstream: downstreamOf(reader.text(Number(downstream))),
    subject: reader.subject(Number(subject)),
    cause: unpackEventId(event as Uint8Array),
    position: Number(cause) as Position,
    occurredAt: unpackInstant(Number(occurredAt)),
    since: unpackInstant(Number(occurredAt) + Number(lag)),
    status: reader.text(Number(status)) as NotificationStatus,
    attempts: Number(attempts),
    next: next === null ? null : unpackInstant(Number(next)),
    fault: failed && { code: failed[0], status: failed[1] },
    changedAt: unpackInstant(Number(changedAt)),
    ...(JSON.parse(String(content)) as NotificationContent),
  }
}

type Failed = readonly [code: DeliveryFault, status: number | null]
