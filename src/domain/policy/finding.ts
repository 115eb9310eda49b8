import type { ObligationId } from '../values.ts'

/** What a finding is about: a closed list. */
export type FindingCode =
  | 'purpose_forbidden_and_open' // a rule opens a purpose that another forbids outright
  | 'sharing_wholly_forbidden' // a sharing rule of which a forbidden rule leaves nothing
  | 'purpose_never_collected' // nothing is collected for it, and no compatibility reaches it
  | 'purpose_closed_to_kinds' // collected from kinds that the purpose is not open to
  | 'category_never_collected' // no collection rule names it
  | 'retention_missing' // collected, and no retention rule says how long it is kept
  | 'retention_unreachable' // earlier rules match everything that it would
  | 'collection_contained' // another rule permits all that it permits
  | 'consent_as_objection' // stands on consent, and cannot be withdrawn by objecting
  | 'consent_never_reached' // needs consent for what is never collected
  | 'aggregate_of_persons' // aggregated figures collected from persons or from what identifies
  | 'identifying_without_subject' // what identifies is collected without a subject
  | 'channel_unused'
  | 'kind_unused'
  | 'sensitive_unencrypted' // a sensitive category over a channel that is not encrypted
  | 'grounds_missing' // open to any recipient without ground, contract, consent or transfer
  | 'clause_without_rule'
  | 'choice' // what the deployment chose where the text is silent

/** `error`: it contradicts itself or cannot be kept. `warning`: likely a slip. `info`: worth reading. */
export type Severity = 'error' | 'warning' | 'info'

export type Finding = Readonly<{
  severity: Severity
  code: FindingCode
  /** Where in the document: `retention.3`, `purposes.product-updates`. */
  path: string
  message: string
  obligation: ObligationId | null
}>

/** Reports a finding on the way. */
export type Report = (
  severity: Severity,
  code: FindingCode,
  path: string,
  message: string,
  obligation?: ObligationId,
) => void
