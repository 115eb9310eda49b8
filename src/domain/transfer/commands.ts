import type { Channel, Property, RecipientId } from '../values.ts'
import type { ManifestSummary, TransferScope } from './events.ts'

/** What can be asked of a business transfer's stream. */
export type TransferCommand =
  | {
      type: 'ProposeTransfer'
      title: string
      transaction: 'merger' | 'acquisition' | 'sale-of-assets'
      acquirer: RecipientId
      scope: TransferScope
    }
  | { type: 'ScopeTransfer'; scope: TransferScope; manifest: ManifestSummary }
  /** S9: to everybody, on the site. */
  | { type: 'PostTransferNotice'; channel: Channel; property: Property; evidence: string }
  /** `manifest`: taken for this step; null where there is nothing that it could be taken of. */
  | {
      type: 'ExecuteTransfer'
      manifest: ManifestSummary | null
      override: { reason: string; approver: string } | null
    }
  | { type: 'AbandonTransfer'; reason: string }
