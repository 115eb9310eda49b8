import type { PolicyRow } from './views.ts'
import type { Reference } from '../domain/values.ts'
import { assertNever } from '../domain/values.ts'
import { versionsProjection, versionsReads, type Versions } from './versions.ts'

const followed = [
  'PolicyPublished',
  'PolicyNoticeGiven',
  'PolicyTookEffect',
  'PolicyRetired',
] as const

/** The versions of each policy and how they stand (S43). */
const versions: Versions<PolicyRow, (typeof followed)[number]> = {
  table: 'policy',
  follows: followed,
  keyOf: ({ stream, event }) => `${stream.id}/${event.data.version}`,
  evolve(row, { event, stream }) {
    switch (event.type) {
      case 'PolicyPublished': {
        const { version, effective, digest } = event.data
        return {
          policy: stream.id as Reference,
          version,
          effective,
          status: 'published',
          from: null,
          until: null,
          digest,
        }
      }
      case 'PolicyNoticeGiven':
        return row && { ...row, status: row.status === 'published' ? 'announced' : row.status }
      case 'PolicyTookEffect':
        return row && { ...row, status: 'in-force', from: event.data.from }
      case 'PolicyRetired':
        return row && { ...row, status: 'retired', until: event.data.from }
      default:
        return assertNever(event)
    }
  },
}

export const policies = versionsProjection(versions)

export const policyReads = versionsReads(versions.table)
