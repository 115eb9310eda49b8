import { z } from 'zod'

/** Why a row is set aside. A closed list; the words never hold anything from the row. */
export const rejectReasons = {
  invalid_bytes: 'the bytes are not valid in the charset of the file',
  line_too_long: 'the line is longer than a line may be',
  broken_compression: 'the compressed file ends or breaks off here',
  broken_quotes: 'a quoted field is not closed, or a quote stands inside an unquoted field',
  column_count: 'the row has more or fewer fields than the header',
  no_header: 'the file has no header that can be read',
  broken_json: 'the line is not JSON',
  not_an_object: 'the line is JSON, but no object',
  too_deep: 'objects and lists are nested too deep',
  not_log_format: 'the line is not in the Combined Log Format',
  no_rule: 'no rule of the mapping says what such a row means',
  value_missing: 'a value is missing that the mapping needs',
  impossible_time: 'there is no such date or time, or it is in another format',
  unknown_value: 'the value is not in the list that the mapping gives for it',
  invalid_email: 'must be an e-mail address',
  invalid_phone: 'must be a phone number',
  invalid_number: 'must be a number',
  invalid_boolean: 'must be yes or no',
  no_identifier: 'the row names no person',
  invalid_line: 'what the mapping makes of the row breaks a rule of the line',
  refused_by_ledger: 'the ledger cannot take the line',
} as const

export type RejectReason = keyof typeof rejectReasons
export const RejectReason = z.enum(Object.keys(rejectReasons) as [RejectReason, ...RejectReason[]])

/**
 * What is told of a row that was set aside. It never repeats a value of the row: `field` is a
 * column, a path or a field of a line as the mapping spells it, `rule` the words of the rule.
 */
export type Reject = Readonly<{
  file: string
  line: number
  field: string | null
  reason: RejectReason
  rule: string
}>

/** A defect found in one field. */
export type Defect = Readonly<{ field: string | null; reason: RejectReason; rule: string }>

/** A defect with the reason's own words. */
export function defect(reason: RejectReason, field: string | null): Defect {
  return { field, reason, rule: rejectReasons[reason] }
}
