import type { RefusalCode } from '../domain/refusal.ts'

/** The HTTP status of each refusal. 403: the policy says no; 409: not in this state; 422: not sayable. */
export const refusalStatus = {
  subject_unknown: 404,
  subject_erased: 410,
  subject_fenced: 409,
  policy_not_in_force: 409,
  property_not_covered: 403,
  word_unknown: 422,
  combination_forbidden: 403,
  identifying_in_aggregate: 403,
  channel_not_encrypted: 403,
  collection_not_permitted: 403,
  not_self_identified: 403,
  voluntary_act_missing: 422,
  provider_missing: 422,
  not_held: 409,
  transient_already_used: 409,
  purpose_not_open: 403,
  purpose_incompatible: 403,
  consent_missing: 403,
  objection_stands: 403,
  opt_out_not_offered: 403,
  recipient_unknown: 422,
  recipient_suspended: 403,
  sharing_not_permitted: 403,
  ground_missing: 422,
  contract_missing: 403,
  transfer_missing: 403,
  consent_not_asked_for: 422,
  consent_not_given: 409,
  objection_not_possible: 403,
  objection_not_made: 409,
  account_already_open: 409,
  account_not_open: 409,
  nothing_held: 409,
  retention_minimum: 409,
  on_hold: 409,
  deletion_unknown: 404,
  already_exists: 409,
  not_found: 404,
  version_not_newer: 409,
  notice_missing: 409,
  not_yet_effective: 409,
  wrong_status: 409,
  manifest_missing: 409,
  people_not_notified: 409,
  reason_missing: 422,
  not_verified: 403,
} as const satisfies Record<RefusalCode, number>

/** The HTTP status of everything else that can be wrong with a request, or with the service. */
export const faultStatus = {
  invalid_input: 400,
  invalid_json: 400,
  invalid_url: 400,
  bad_request: 400,
  token_missing: 401,
  token_unknown: 401,
  role_not_permitted: 403,
  route_unknown: 404,
  method_not_allowed: 405,
  not_acceptable: 406,
  request_timeout: 408,
  body_too_large: 413,
  url_too_long: 414,
  media_type_not_supported: 415,
  idempotency_key_reused: 422,
  headers_too_large: 431,
  internal_error: 500,
  unavailable: 503,
  views_behind: 503,
  ledger_diverged: 503,
} as const

export type FaultCode = keyof typeof faultStatus
export type ProblemCode = FaultCode | RefusalCode

/** The problem's type (RFC 9457, 3.1.1). */
export function problemType(code: ProblemCode): string {
  return `urn:custody:problem:${code}`
}

/** The problem's title: the code as words. */
export function problemTitle(code: ProblemCode): string {
  const words = code.replaceAll('_', ' ').replace(/\b(?:json|url)\b/, (name) => name.toUpperCase())
  return words.charAt(0).toUpperCase() + words.slice(1)
}
