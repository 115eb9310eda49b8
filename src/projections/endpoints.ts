import type { Downstream } from '../domain/endpoint/events.ts'
import { assertNever, type Reference } from '../domain/values.ts'
import type { EndpointRow } from './notification-views.ts'
import { versionsProjection, versionsReads, type Versions } from './versions.ts'

const followed = ['EndpointRegistered', 'EndpointSecretRotated', 'EndpointRemoved'] as const

/** `recipient/mailer`, `source/crm`: a downstream system as one word. */
export function downstreamKey({ kind, id }: Downstream): string {
  return `${kind}/${id}`
}

/** What `downstreamKey` made one word of. */
export function downstreamOf(key: string): Downstream {
  const slash = key.indexOf('/')
  const kind = key.slice(0, slash) as Downstream['kind']
  return { kind, id: key.slice(slash + 1) as Reference }
}

/** Where recipients and source systems are told of what is to go (GDPR Art. 19). */
const versions: Versions<EndpointRow, (typeof followed)[number]> = {
  table: 'endpoint',
  follows: followed,
  keyOf: ({ stream }) => `${stream.kind}/${stream.id}`,
  evolve(row, { event, stream }) {
    const since = event.occurredAt
    switch (event.type) {
      case 'EndpointRegistered': {
        const { url, topics, generation } = event.data
        // Another place gets nothing that the earlier secret signed.
        const before = row && !row.removed && row.url === url ? row.generation : null
        const downstream = downstreamOf(`${stream.kind}/${stream.id}`)
        return { downstream, url, topics, generation, since, before, removed: false }
      }
      case 'EndpointSecretRotated': {
        const { generation } = event.data
        return row && { ...row, generation, since, before: row.generation }
      }
      case 'EndpointRemoved':
        return row && { ...row, before: null, removed: true }
      default:
        return assertNever(event)
    }
  },
}

export const endpoints = versionsProjection(versions)

export const endpointReads = versionsReads(versions.table)
