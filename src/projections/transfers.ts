import type { TransferRow } from './views.ts'
import type { Reference } from '../domain/values.ts'
import { assertNever } from '../domain/values.ts'
import { versionsProjection, versionsReads, type Versions } from './versions.ts'

const followed = [
  'TransferProposed',
  'TransferScoped',
  'TransferNoticePosted',
  'TransferExecuted',
  'TransferAbandoned',
] as const

/** Business transfers and how they stand (N6). */
const versions: Versions<TransferRow, (typeof followed)[number]> = {
  table: 'transfer',
  follows: followed,
  keyOf: ({ stream }) => stream.id,
  evolve(row, { event, stream }) {
    switch (event.type) {
      case 'TransferProposed': {
        const { title, transaction, acquirer, scope } = event.data
        return {
          transfer: stream.id as Reference,
          title,
          transaction,
          acquirer,
          scope,
          status: 'proposed',
          manifest: null,
          sitePosted: false,
        }
      }
      case 'TransferScoped': {
        const { scope, manifest } = event.data
        return row && { ...row, status: 'scoped', scope, manifest }
      }
      case 'TransferNoticePosted':
        return row && { ...row, status: 'notified', sitePosted: true }
      case 'TransferExecuted':
        return row && { ...row, status: 'executed', manifest: event.data.manifest }
      case 'TransferAbandoned':
        return row && { ...row, status: 'abandoned' }
      default:
        return assertNever(event)
    }
  },
}

export const transfers = versionsProjection(versions)

export const transferReads = versionsReads(versions.table)
