import type { Topic } from '../domain/endpoint/events.ts'
import type { Envelope, LedgerEvent } from '../domain/envelope.ts'
import { assertNever, type CategoryKey, type EventId, type PurposeKey } from '../domain/values.ts'
import type { NotificationContent, NotificationReference } from './notification-views.ts'

/** The events that downstream systems are told of (GDPR Art. 17(2), 19, 21; Art. 7(3)). */
export const causes = [
  'SubjectErased',
  'DataDeleted',
  'DataCorrected',
  'ConsentWithdrawn',
  'ObjectionMade',
] as const
export type CauseType = (typeof causes)[number]
export type Cause = Envelope<Extract<LedgerEvent, { type: CauseType }>>

const topics: Readonly<Record<CauseType, Topic>> = {
  SubjectErased: 'person.erased',
  DataDeleted: 'data.deleted',
  DataCorrected: 'data.corrected',
  ConsentWithdrawn: 'consent.withdrawn',
  ObjectionMade: 'objection.made',
}

/** Under which topic an event is told. */
export function topicOf(type: CauseType): Topic {
  return topics[type]
}

/** One time that personal data passed to or came from a downstream system. */
export type Handover = Readonly<{
  downstream: string
  event: EventId
  document: string | null
  purposes: readonly string[]
  /** Of a collection with its lot; what was shared came from any of the person's lots. */
  items: readonly Readonly<{ category: CategoryKey; lot: string | null }>[]
}>

/** How many references a message has at most: it stays small (Standard Webhooks, "Payload size"). */
const mostReferences = 50

/**
 * What each downstream system is told of the event: only those that had something of what is concerned.
 *
 * @param handovers in the order of the ledger
 * @param held the categories of which anything is held after the event
 */
export function noticesOf(
  event: Cause,
  handovers: readonly Handover[],
  held: ReadonlySet<string>,
): ReadonlyMap<string, NotificationContent> {
  const found = new Map<string, { categories: Set<CategoryKey>; all: NotificationReference[] }>()
  for (const handover of handovers) {
    const categories = concerned(event, handover)
    if (categories.length === 0) continue
    const own = found.get(handover.downstream) ?? { categories: new Set(), all: [] }
    found.set(handover.downstream, own)
    for (const category of categories) own.categories.add(category)
    own.all.push({ event: handover.event, document: handover.document })
  }
  const contents = new Map<string, NotificationContent>()
  for (const [downstream, { categories, all }] of found) {
    const named = [...categories].sort()
    contents.set(downstream, {
      categories: named,
      ...particulars(event),
      stillHeld: isDeletion(event) ? named.filter((category) => held.has(category)) : [],
      references: all.slice(-mostReferences),
      referencesInAll: all.length,
    })
  }
  return contents
}

/** The categories of what was handed over that the event concerns. */
function concerned(event: Cause, { purposes, items }: Handover): CategoryKey[] {
  const all = items.map(({ category }) => category)
  switch (event.type) {
    case 'SubjectErased':
      return all
    case 'DataDeleted': {
      const gone = event.data.lots.flatMap(({ lot, categories }) =>
        categories.map((category) => ({ lot, category })),
      )
      const isGone = (item: Handover['items'][number]) =>
        gone.some(({ lot, category }) => {
          return item.category === category && (item.lot === null || item.lot === lot)
        })
      return items.filter(isGone).map(({ category }) => category)
    }
    case 'DataCorrected': {
      const corrected = new Set(event.data.items.map(({ category }) => category))
      return all.filter((category) => corrected.has(category))
    }
    case 'ConsentWithdrawn':
    case 'ObjectionMade':
      return purposes.includes(event.data.purpose) ? all : []
    default:
      return assertNever(event)
  }
}

function isDeletion({ type }: Cause): boolean {
  return type === 'DataDeleted' || type === 'SubjectErased'
}

function particulars({ data }: Cause): { purpose: PurposeKey | null; reason: string | null } {
  return {
    purpose: 'purpose' in data ? data.purpose : null,
    reason: 'cause' in data ? data.cause : null,
  }
}
