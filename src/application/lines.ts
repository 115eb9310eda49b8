import { z } from 'zod'
import { DisclosureGround } from '../domain/policy/schema.ts'
import {
  CategoryKey,
  Channel,
  EventId,
  Instant,
  Line as TextLine,
  Property,
  PurposeKey,
  RecipientId,
  Reference,
  SourceId,
  SubjectId,
  SubjectKind,
} from '../domain/values.ts'
import { Mode } from '../domain/judgement.ts'
import { identifierSchemes } from '../vault/vault.ts'

/**
 * What a source system says, one line for one thing that happened or is asked for: the body of
 * `POST /v1/acts`, a line of an NDJSON batch, and what a mapping file makes of an export's row.
 */

/** How a source names a person: by an identifier of theirs, or by the pseudonym. */
export const Identifier = z.strictObject({
  scheme: z.enum(identifierSchemes),
  value: z.string().min(1).max(320),
})

export const SubjectReference = z.union([
  z.strictObject({ identifiers: z.array(Identifier).min(1).max(8) }),
  z.strictObject({ subject: SubjectId }),
])
export type SubjectReference = z.infer<typeof SubjectReference>

/** A personal value: text, number, yes or no, or a list of texts. Sealed before it is stored. */
const PersonalValue = z.union([
  z.string().max(20_000),
  z.number(),
  z.boolean(),
  z.array(z.string().max(2_000)).max(200),
])

/** The values by category, then field: `{"user.contact.email": {"address": "ann@example.org"}}`. */
export const PersonalValues = z
  .record(
    CategoryKey,
    z.record(z.string().regex(/^[a-z][a-zA-Z0-9-]{0,63}$/, 'must be a field name'), PersonalValue),
  )
  .refine((values) => Object.keys(values).length <= 64, 'at most 64 categories')
export type PersonalValues = z.infer<typeof PersonalValues>

const base = {
  mode: Mode,
  source: SourceId,
  /** When it happened: only in `observe`; an enforced act happens when it is asked. */
  occurredAt: Instant.optional(),
}
const person = { ...base, subject: SubjectReference }
const categories = z.array(CategoryKey).max(64)

const collection = {
  property: Property,
  channel: Channel,
  kind: SubjectKind,
  purposes: z.array(PurposeKey).min(1).max(32),
  /** Categories obtained whose values stay in the source system. */
  categories: categories.default([]),
}
const consent = { ...person, purpose: PurposeKey, channel: Channel }

const Collect = z.strictObject({
  type: z.literal('collect'),
  ...person,
  ...collection,
  values: PersonalValues.default({}),
  selfIdentified: z.boolean().default(false),
  voluntaryAct: TextLine.optional(),
  providedBy: Reference.optional(),
})

const use = {
  property: Property,
  purpose: PurposeKey,
  categories,
  optOutOffered: z.boolean().default(false),
}
const share = {
  property: Property,
  purpose: PurposeKey,
  categories,
  recipient: RecipientId,
  ground: DisclosureGround.optional(),
  document: TextLine.optional(),
  approver: TextLine.optional(),
  transfer: Reference.optional(),
}

/** Every kind of line. */
export const Line = z.discriminatedUnion('type', [
  Collect,
  z.strictObject({ type: z.literal('use'), ...person, ...use, collection: EventId.optional() }),
  z.strictObject({ type: z.literal('share'), ...person, ...share }),
  z.strictObject({ type: z.literal('request-consent'), ...consent }),
  z.strictObject({ type: z.literal('give-consent'), ...consent, evidence: TextLine.optional() }),
  z.strictObject({ type: z.literal('refuse-consent'), ...consent }),
  z.strictObject({ type: z.literal('withdraw-consent'), ...consent }),
  z.strictObject({ type: z.literal('object'), ...consent }),
  z.strictObject({ type: z.literal('lift-objection'), ...consent }),
  z.strictObject({
    type: z.literal('correct'),
    ...person,
    values: PersonalValues.refine((values) => Object.keys(values).length > 0, 'must hold a value'),
    request: Reference.optional(),
  }),
  z.strictObject({ type: z.literal('open-account'), ...person }),
  z.strictObject({ type: z.literal('close-account'), ...person, reason: TextLine }),
  z.strictObject({
    type: z.literal('notify'),
    ...person,
    about: z.enum(['transfer', 'request', 'policy']),
    reference: Reference,
    channel: Channel,
  }),
  /** S14: logs tied to nobody; `records` says how many of them this line stands for. */
  z.strictObject({
    type: z.literal('log'),
    ...base,
    ...collection,
    records: z.int().positive().max(1_000_000).default(1),
  }),
  /** S5: aggregated, non-identifying figures. */
  z.strictObject({ type: z.literal('use-aggregate'), ...base, ...use }),
  z.strictObject({ type: z.literal('share-aggregate'), ...base, ...share }),
])
export type Line = z.infer<typeof Line>
export type LineType = Line['type']

/** A line before defaults are filled in. */
export type LineInput = z.input<typeof Line>
