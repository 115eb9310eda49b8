import { createHash } from 'node:crypto'
import type { Downstream } from '../domain/endpoint/events.ts'
import type { NotificationId } from '../domain/notification/events.ts'
import { assertNever, type CategoryKey, type EventId } from '../domain/values.ts'
import type { Disclosed } from './disclosures.ts'
import { downstreamKey, downstreamOf } from './endpoints.ts'
import type { Manner } from './inventory.ts'
import { causes, noticesOf, topicOf, type CauseType, type Handover } from './notices-due.ts'
import type { EndpointRow, NotificationStatus } from './notification-views.ts'
import { packInstant, unpackEventId } from './packing.ts'
import { defineProjection, unchanged, type Change, type Folded, type Look } from './projection.ts'
import { insertInto, type Table } from './table.ts'

/**
 * The outbox: which downstream systems are to be told of what. A row is a function of the ledger alone,
 * and so is its name: two nodes, or a rebuild, come to the same messages.
 */
const noticeTable: Table = {
  name: 'notification',
  columns: {
    controller: 'controller',
    /** The position of the event it is about. */
    cause: 'position',
    downstream: 'term',
    id: 'text',
    subject: 'subject',
    topic: 'term',
    /** `NotificationContent`. */
    content: 'text',
  },
  key: ['controller', 'cause', 'downstream'],
}

/** How a message stood, from `began` until `ended`. */
const deliveryTable: Table = {
  name: 'delivery',
  columns: {
    controller: 'controller',
    cause: 'position',
    downstream: 'term',
    began: 'position',
    ended: { holds: 'position', optional: true },
    status: 'term',
    outstanding: 'flag',
    attempts: 'count',
    next: { holds: 'instant', optional: true },
    /** `[code, status]` of the last attempt, where it failed. */
    fault: { holds: 'value', optional: true },
  },
  key: ['controller', 'cause', 'downstream', 'began'],
}

const reports = [
  'NotificationConfirmed',
  'NotificationFailed',
  'NotificationAbandoned',
  'NotificationRetried',
] as const
type ReportType = (typeof reports)[number]
type Followed = CauseType | ReportType
type Write = 'notify' | 'begin' | 'end'
type Lookup = 'endpoints' | 'shares' | 'collections' | 'held' | 'open'

export const notifications = defineProjection<Followed, Write, Lookup>({
  name: 'notifications',
  tables: [noticeTable, deliveryTable],
  indexes: [
    `CREATE INDEX delivery_due ON delivery (controller, downstream, next)
      WHERE outstanding = 1 AND ended IS NULL`,
    `CREATE INDEX delivery_open ON delivery (controller, cause, downstream)
      WHERE outstanding = 1 AND ended IS NULL`,
    `CREATE INDEX delivery_ended ON delivery (controller, cause, downstream, ended)
      WHERE outstanding = 1 AND ended IS NOT NULL`,
  ],
  foldingIndexes: ['CREATE INDEX notification_id ON notification (controller, id)'],
  follows: [...causes, ...reports],
  writes: {
    notify: insertInto(noticeTable),
    begin: insertInto(deliveryTable),
    end: `UPDATE delivery SET ended = ?
      WHERE controller = ? AND cause = ? AND downstream = ? AND began = ?`,
  },
  lookups: {
    endpoints: 'SELECT row FROM endpoint WHERE controller = ? AND ended IS NULL',
    shares: `SELECT audit.event, term.text, what, document FROM disclosure
      JOIN audit ON audit.position = disclosure.position JOIN term ON term.number = recipient
      WHERE disclosure.subject = ? ORDER BY disclosure.position`,
    collections: `SELECT audit.event, manner, category.text, lot_name.text FROM inventory
      JOIN audit ON audit.position = inventory.began
      JOIN term AS category ON category.number = inventory.category
      JOIN lot ON lot.number = inventory.lot JOIN term AS lot_name ON lot_name.number = lot.name
      WHERE inventory.subject = ? ORDER BY inventory.began, inventory.lot, inventory.category`,
    held: `SELECT DISTINCT text FROM inventory JOIN term ON term.number = category
      WHERE subject = ? AND ended IS NULL`,
    open: `SELECT delivery.cause, delivery.downstream, began, attempts
      FROM notification JOIN delivery USING (controller, cause, downstream)
      WHERE notification.controller = ? AND id = ? AND ended IS NULL`,
  },
  changes,
})

/** The name of the message to a downstream system about an event; 128 bits of SHA-256. */
export function notificationId(cause: EventId, downstream: Downstream): NotificationId {
  const digest = createHash('sha256')
    .update(`${cause}/${downstreamKey(downstream)}`)
    .digest('hex')
  return `msg-${digest.slice(0, 32)}` as NotificationId
}

function changes(folded: Folded<Followed>, look: Look<Lookup>): readonly Change<Write>[] {
  switch (folded.event.type) {
    case 'SubjectErased':
    case 'DataDeleted':
    case 'DataCorrected':
    case 'ConsentWithdrawn':
    case 'ObjectionMade':
      return fallDue(folded as Folded<CauseType>, look)
    case 'NotificationConfirmed':
    case 'NotificationFailed':
    case 'NotificationAbandoned':
    case 'NotificationRetried':
      return goOn(folded as Folded<ReportType>, look)
    default:
      return assertNever(folded.event)
  }
}

/** Every system that had something of what is concerned, and has an endpoint for the topic at that time. */
function fallDue(folded: Folded<CauseType>, look: Look<Lookup>): readonly Change<Write>[] {
  const { event, position, controller, person, names } = folded
  if (!person) return unchanged
  const topic = topicOf(event.type)
  const subscribed = new Set<string>()
  for (const [row] of look('endpoints', controller.number)) {
    const endpoint = JSON.parse(String(row)) as EndpointRow
    if (endpoint.removed || !endpoint.topics.includes(topic)) continue
    subscribed.add(downstreamKey(endpoint.downstream))
  }
  if (subscribed.size === 0) return unchanged
  const handovers = [...shares(folded, look), ...collections(folded, look)].filter(
    ({ downstream }) => subscribed.has(downstream),
  )
  const held = new Set(look('held', person.number).map(([category]) => String(category)))
  const due = packInstant(event.recordedAt)
  return [...noticesOf(event, handovers, held)].flatMap(([downstream, content]) => {
    const key = [controller.number, position, names.term(downstream)]
    const id = notificationId(event.id, downstreamOf(downstream))
    const what = [id, person.number, names.term(topic), JSON.stringify(content)]
    const stood: Standing = { status: 'outstanding', attempts: 0, next: due }
    return [['notify', [...key, ...what]] as const, beginning(names, key, position, stood)]
  })
}

function shares({ person, names }: Folded<CauseType>, look: Look<Lookup>): Handover[] {
  return look('shares', person!.number).map(([event, recipient, what, document]) => {
    const [, purpose, categories] = names.read(Number(what)) as Disclosed
    return {
      downstream: `recipient/${String(recipient)}`,
      event: unpackEventId(event as Uint8Array),
      document: document as string | null,
      purposes: [purpose],
      items: categories.map((category) => ({ category: category as CategoryKey, lot: null })),
    }
  })
}

/** A collection stands in one row for each category: its rows come one after another. */
function collections({ person, names }: Folded<CauseType>, look: Look<Lookup>): Handover[] {
  const found = new Map<EventId, Handover & { items: Handover['items'][number][] }>()
  for (const [packed, manner, category, lot] of look('collections', person!.number)) {
    const event = unpackEventId(packed as Uint8Array)
    const [, , , source, purposes] = names.read(Number(manner)) as Manner
    const own = found.get(event) ?? {
      ...{ downstream: `source/${source}`, event, document: null, purposes },
      items: [],
    }
    found.set(event, own)
    own.items.push({ category: category as CategoryKey, lot: String(lot) })
  }
  return [...found.values()]
}

/** What became of an attempt: the open version ends and another begins. */
function goOn(
  { event, position, controller, stream, names }: Folded<ReportType>,
  look: Look<Lookup>,
): readonly Change<Write>[] {
  const open = look('open', controller.number, stream.id)[0]
  if (!open) return unchanged
  controller.lastEnd = position
  const [cause, downstream, began, attempts] = open.map(Number)
  const key = [controller.number, cause!, downstream!]
  const stood = standing(event, attempts!, packInstant(event.recordedAt))
  return [['end', [position, ...key, began!]], beginning(names, key, position, stood)]
}

type Standing = Readonly<{
  status: NotificationStatus
  attempts: number
  next?: number
  fault?: readonly [code: string, status: number | null]
}>

function standing(
  { type, data }: Folded<ReportType>['event'],
  before: number,
  at: number,
): Standing {
  switch (type) {
    case 'NotificationConfirmed':
      return { status: 'confirmed', attempts: data.attempt }
    case 'NotificationFailed': {
      const { attempt: attempts, code, status } = data
      const next = packInstant(data.next)
      return { status: 'outstanding', attempts, next, fault: [code, status] }
    }
    case 'NotificationAbandoned':
      return {
        status: 'abandoned',
        attempts: data.attempts,
        fault: [data.code, data.status],
      }
    case 'NotificationRetried':
      return { status: 'outstanding', attempts: before, next: at }
    default:
      return assertNever(type)
  }
}

function beginning(
  names: Folded['names'],
  key: readonly number[],
  position: number,
  { status, attempts, next, fault }: Standing,
): Change<Write> {
  const outstanding = status === 'outstanding' ? 1 : 0
  const failed = fault ? names.value(fault) : null
  const how = [names.term(status), outstanding, attempts, next ?? null, failed]
  return ['begin', [...key, position, null, ...how]]
}
