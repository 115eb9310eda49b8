import { streamParts, type Envelope } from '../../src/domain/envelope.ts'
import type { ControllerId, Position } from '../../src/domain/values.ts'

/**
 * Who must be told of what, by the plainest means: for each event walk all that came before it. Each row
 * is a line of words.
 */
export function notificationsBy(
  events: readonly Envelope[],
  controller: ControllerId,
  position: Position,
): string[] {
  const own = events.filter((it) => it.controller === controller && it.position <= position)
  return own.flatMap((event, index) => {
    const before = own.slice(0, index)
    return told(event, before).map(({ downstream, categories }) => {
      const [status, attempts] = stood(event, downstream, own)
      return [event.position, downstream, categories.join(), status, attempts].join(' ')
    })
  })
}

const topics: Partial<Record<Envelope['type'], string>> = {
  SubjectErased: 'person.erased',
  DataDeleted: 'data.deleted',
  DataCorrected: 'data.corrected',
  ConsentWithdrawn: 'consent.withdrawn',
  ObjectionMade: 'objection.made',
}

function told(event: Envelope, before: readonly Envelope[]) {
  const topic = topics[event.type]
  if (!topic) return []
  const ofPerson = before.filter(({ stream }) => stream === event.stream)
  const endpoints = new Map<string, readonly string[]>()
  for (const earlier of before) {
    const { kind, id } = streamParts(earlier.stream)
    if (earlier.type === 'EndpointRegistered') endpoints.set(`${kind}/${id}`, earlier.data.topics)
    if (earlier.type === 'EndpointRemoved') endpoints.delete(`${kind}/${id}`)
  }
  return [...endpoints]
    .filter(([, wanted]) => wanted.includes(topic))
    .map(([downstream]) => {
      const categories = ofPerson.flatMap((earlier) => had(earlier, downstream, event))
      return { downstream, categories: [...new Set(categories)].sort() }
    })
    .filter(({ categories }) => categories.length > 0)
}

/** The categories that the system had by the earlier event and that the later one concerns. */
function had(earlier: Envelope, downstream: string, event: Envelope): string[] {
  if (earlier.type === 'DataShared' && downstream === `recipient/${earlier.data.act.recipient}`) {
    const { categories, purpose } = earlier.data.act
    return categories.filter((category) => concerns(event, category, [purpose], null))
  }
  if (earlier.type === 'DataCollected' && downstream === `source/${earlier.data.source}`) {
    const { items, act, transient } = earlier.data
    if (transient) return []
    return items
      .filter(({ category, lot }) => concerns(event, category, act.purposes, lot))
      .map(({ category }) => category)
  }
  return []
}

function concerns(
  event: Envelope,
  category: string,
  purposes: readonly string[],
  lot: string | null,
): boolean {
  if (event.type === 'DataDeleted') {
    return event.data.lots.some(
      (gone) =>
        (lot === null || gone.lot === lot) &&
        (gone.categories as readonly string[]).includes(category),
    )
  }
  if (event.type === 'ConsentWithdrawn' || event.type === 'ObjectionMade') {
    return purposes.includes(event.data.purpose)
  }
  return event.type === 'SubjectErased'
}

function stood(cause: Envelope, downstream: string, events: readonly Envelope[]) {
  let status = 'outstanding'
  let attempts = 0
  for (const event of events) {
    if (!('notice' in event.data) || !('downstream' in event.data.notice)) continue
    const { notice } = event.data
    const to = `${notice.downstream.kind}/${notice.downstream.id}`
    if (notice.cause !== cause.id || to !== downstream) continue
    if ('attempt' in event.data) attempts = event.data.attempt
    if ('attempts' in event.data) attempts = event.data.attempts
    if (event.type === 'NotificationConfirmed') status = 'confirmed'
    else status = event.type === 'NotificationAbandoned' ? 'abandoned' : 'outstanding'
  }
  return [status, attempts] as const
}
