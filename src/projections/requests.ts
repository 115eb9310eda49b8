import type { RequestRow } from './views.ts'
import type { Reference } from '../domain/values.ts'
import { assertNever } from '../domain/values.ts'
import { versionsProjection, versionsReads, type Versions } from './versions.ts'

const followed = [
  'RequestReceived',
  'RequestVerified',
  'RequestFulfilled',
  'RequestDenied',
] as const

/** What people asked for and what became of it. */
const versions: Versions<RequestRow, (typeof followed)[number]> = {
  table: 'request',
  follows: followed,
  keyOf: ({ stream }) => stream.id,
  evolve(row, { event, stream }) {
    switch (event.type) {
      case 'RequestReceived': {
        const { kind, subject, channel, deadline, purpose } = event.data
        return {
          request: stream.id as Reference,
          kind,
          subject,
          channel,
          status: 'received',
          receivedAt: event.occurredAt,
          deadline,
          closedAt: null,
          reason: null,
          purpose,
        }
      }
      case 'RequestVerified':
        return row && { ...row, status: 'verified' }
      case 'RequestFulfilled':
        return row && { ...row, status: 'fulfilled', closedAt: event.occurredAt }
      case 'RequestDenied': {
        const { reason } = event.data
        return row && { ...row, status: 'denied', closedAt: event.occurredAt, reason }
      }
      default:
        return assertNever(event)
    }
  },
}

export const requests = versionsProjection(versions)

export const requestReads = versionsReads(versions.table)
