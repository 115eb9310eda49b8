import { parseDocument } from 'yaml'
import { z } from 'zod'
import { identifierSchemes } from '../vault/vault.ts'
import { Reference, SourceId, TimeZone } from '../domain/values.ts'
import { Line, type LineType } from '../application/lines.ts'
import { Charset } from './charset.ts'
import { combinedLogColumns, COMBINED_LOG_TIME } from './combined-log.ts'

/**
 * A mapping file: what the rows of one kind of export mean, as data. It names the source, how the
 * file is written, and rules that make lines of the ledger out of rows. One row may make several
 * lines or none.
 */

/** What can be done with a cell, in the order given. A closed list: a mapping is no program. */
export const Transform = z.enum([
  'trim',
  'lower',
  'digits', // keeps 0-9 only
  'first', // the first of a list
  'last-four', // the last four characters
  'date', // a day, out of a time
  'email', // the address as the vault knows it, out of `"Ann Lee" <Ann@Example.org>`
  'phone', // E.164, a national number by the mapping's default country
  'number',
  'boolean', // yes, y, true, 1, x; no, n, false, 0
])
export type Transform = z.infer<typeof Transform>

const Scalar = z.union([z.string(), z.number(), z.boolean()])

/**
 * A column of the row: for NDJSON a dotted path, `messages[].text` gives a list. `split` cuts a
 * text into a list, `lookup` replaces each value by the one in the list and sets the row aside
 * where there is none, `default` stands where the cell is empty.
 */
const ColumnExpression = z.strictObject({
  column: z.string().min(1),
  split: z.string().min(1).max(3).optional(),
  transform: z.union([Transform, z.array(Transform)]).optional(),
  lookup: z.record(z.string(), Scalar).optional(),
  default: Scalar.optional(),
})
export type ColumnExpression = z.infer<typeof ColumnExpression>

/** A value: a plain scalar is a constant. */
export const Expression = z.union([Scalar, z.strictObject({ constant: Scalar }), ColumnExpression])
export type Expression = z.infer<typeof Expression>

/** A list: of expressions, or one expression that gives a list. */
export const ListExpression = z.union([z.array(Expression), Expression])
export type ListExpression = z.infer<typeof ListExpression>

const IdentifierExpression = ColumnExpression.extend({
  scheme: z.enum(identifierSchemes),
  /** A value that is no identifier is left out, where otherwise the row is set aside. */
  optional: z.boolean().default(false),
})
export type IdentifierExpression = z.infer<typeof IdentifierExpression>

const Condition = z.union([
  Scalar,
  z.strictObject({ equals: Scalar }),
  z.strictObject({ in: z.array(Scalar).min(1) }),
  z.strictObject({ present: z.boolean() }),
  z.strictObject({ startsWith: z.string().min(1) }),
])
export type Condition = z.infer<typeof Condition>

const RecordTemplate = z.looseObject({
  type: z.enum(Line.options.map((option) => option.shape.type.value) as [LineType, ...LineType[]]),
  mode: z.enum(['enforce', 'observe']).default('observe'),
  occurredAt: ColumnExpression.optional(),
  subject: z.array(IdentifierExpression).min(1).optional(),
  values: z.record(z.string(), z.record(z.string(), ListExpression)).optional(),
})

const Rule = z.strictObject({
  /** Every condition must hold; absent: every row. */
  when: z.record(z.string(), Condition).default({}),
  /** The lines such a row makes; none: the row is known, and of no concern to the ledger. */
  records: z.array(RecordTemplate),
})

const columns = z.array(z.string().min(1)).min(1)
const shared = {
  mapping: Reference,
  source: SourceId,
  /** A file below the manifest's directory; `*` stands for any part of a name. */
  file: z.string().min(1),
  title: z.string().max(200).optional(),
  charset: Charset.default('utf-8'),
  timeZone: TimeZone,
  /** ISO 3166-1 alpha-2: the country of a phone number without a country code. */
  defaultCountry: z
    .string()
    .regex(/^[A-Z]{2}$/)
    .optional(),
  /**
   * Whether two rows with the same content are the same act (exports repeat rows), or two acts (two
   * requests of a log in one second may look alike).
   */
  repeatedRows: z.enum(['same-act', 'another-act']).default('same-act'),
  rules: z.array(Rule).min(1),
}
const times = z.array(z.string().min(1)).min(1)

/** One mapping file. Unknown keys are an error. */
export const Mapping = z
  .discriminatedUnion('format', [
    z.strictObject({
      ...shared,
      format: z.literal('csv'),
      delimiter: z.string().length(1).default(','),
      /** `iso`, `epoch-seconds`, `epoch-milliseconds` or Luxon tokens; tried in this order. */
      times,
      /** The header's columns, in any order; the file must have exactly these. */
      columns,
    }),
    z.strictObject({
      ...shared,
      format: z.literal('ndjson'),
      times,
      /** The paths that the rules read. */
      columns,
    }),
    z.strictObject({
      ...shared,
      format: z.literal('combined-log'),
      times: times.default([COMBINED_LOG_TIME]),
      columns: columns.default([...combinedLogColumns]),
    }),
  ])
  .superRefine((mapping, context) => {
    for (const { path, rule } of faults(mapping))
      context.addIssue({ code: 'custom', path, message: rule })
  })
export type Mapping = z.infer<typeof Mapping>
export type RecordTemplate = z.infer<typeof RecordTemplate>

type Fault = { path: (string | number)[]; rule: string }

/**
 * What zod's shapes cannot say: columns that are not declared, and fields that a line does not
 * have.
 */
function* faults(mapping: { columns: string[]; rules: z.infer<typeof Rule>[] }): Generator<Fault> {
  const declared = new Set(mapping.columns)
  if (declared.size !== mapping.columns.length)
    yield { path: ['columns'], rule: 'names a column twice' }
  for (const [index, rule] of mapping.rules.entries()) {
    const path = ['rules', index]
    for (const column of Object.keys(rule.when)) {
      if (!declared.has(column)) yield { path: [...path, 'when', column], rule: UNDECLARED }
    }
    for (const [place, record] of rule.records.entries()) {
      yield* recordFaults(record, declared, [...path, 'records', place])
    }
  }
}

const UNDECLARED = 'is not among the columns of the mapping'
const shapes = new Map(Line.options.map((option) => [option.shape.type.value, option.shape]))

function* recordFaults(
  record: z.infer<typeof RecordTemplate>,
  declared: ReadonlySet<string>,
  path: (string | number)[],
): Generator<Fault> {
  const shape: Record<string, z.ZodType> = { ...shapes.get(record.type) }
  delete shape.source
  for (const [field, type] of Object.entries(shape)) {
    if (!(field in record) && !type.safeParse(undefined).success)
      yield { path: [...path, field], rule: `is missing: a line '${record.type}' needs it` }
  }
  if (record.mode === 'observe' && !record.occurredAt)
    yield { path: [...path, 'occurredAt'], rule: 'is missing: what is observed has its time' }
  for (const [field, value] of Object.entries(record)) {
    if (!(field in shape)) {
      yield { path: [...path, field], rule: `is no field of a line '${record.type}'` }
    } else if (!structured.has(field) && !ListExpression.safeParse(value).success) {
      yield { path: [...path, field], rule: 'must be a constant, a column or a list of them' }
    }
    for (const column of columnsIn(value)) {
      if (!declared.has(column)) yield { path: [...path, field, column], rule: UNDECLARED }
    }
  }
}

const structured = new Set(['type', 'mode', 'occurredAt', 'subject', 'values'])

function* columnsIn(value: unknown): Generator<string> {
  if (typeof value !== 'object' || value === null) return
  if ('column' in value && typeof value.column === 'string') yield value.column
  else for (const inner of Object.values(value)) yield* columnsIn(inner)
}

/** Where a file of the import is wrong, and which rule it breaks. */
export type Problem = Readonly<{ file: string; path: string; rule: string }>

/** Parses YAML with a schema; every mistake is told with its path. */
export function parseYaml<S extends z.ZodType>(
  schema: S,
  text: string,
  file: string,
): { ok: true; value: z.infer<S> } | { ok: false; problems: Problem[] } {
  const document = parseDocument(text, { prettyErrors: true })
  const [broken] = [...document.errors, ...document.warnings]
  if (broken) {
    const [rule = 'is not YAML'] = broken.message.split('\n')
    return { ok: false, problems: [{ file, path: '', rule }] }
  }
  const parsed = schema.safeParse(document.toJS({ maxAliasCount: 100 }))
  if (parsed.success) return { ok: true, value: parsed.data }
  const problems = parsed.error.issues.map((issue) => ({
    file,
    path: issue.path.join('.'),
    rule: issue.message,
  }))
  return { ok: false, problems }
}
