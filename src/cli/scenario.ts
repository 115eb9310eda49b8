import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import { Identifier, PersonalValues } from '../application/lines.ts'
import { HoldGround } from '../domain/hold/events.ts'
import { RequestKind } from '../domain/request/events.ts'
import { TransferScope } from '../domain/transfer/events.ts'
import {
  CategoryKey,
  Channel,
  ControllerId,
  Day,
  Instant,
  Line,
  Property,
  PurposeKey,
  RecipientId,
  Reference,
  SubjectKind,
} from '../domain/values.ts'
import { UsageError } from './exit.ts'

/** Who is registered to get data, and under which contracts. */
const Recipients = z.strictObject({
  controller: ControllerId,
  recipients: z.array(
    z.strictObject({
      recipient: RecipientId,
      name: Line,
      recipientClass: Line,
      country: z.string().nullable().default(null),
      contracts: z
        .array(
          z.strictObject({
            reference: Reference,
            from: Day,
            until: Day.nullable().default(null),
            purposes: z.array(PurposeKey).min(1),
            categories: z.union([z.literal('any'), z.array(CategoryKey).min(1)]),
          }),
        )
        .default([]),
    }),
  ),
})

/**
 * The story that `custody demo` plays: data beside the exports, so that the demo is a real run of the
 * ledger on other people's files and nothing of it is in the code.
 */
const Scenario = z.strictObject({
  title: Line,
  policy: z.strictObject({
    file: z.string(),
    publishedAt: Instant,
    notice: z.strictObject({ channel: Channel, on: Day, evidence: Line }),
  }),
  /** A file that lists them: see `Recipients`. */
  recipients: z.string(),
  imports: z.array(z.string()).min(1),
  holds: z.array(
    z.strictObject({
      matter: Reference,
      title: Line,
      ground: HoldGround,
      document: Line,
      /** The people of the matter, as the parties call them; the hold keeps their pseudonyms. */
      people: z.array(Identifier).optional(),
      kinds: z.array(SubjectKind).min(1).optional(),
      categories: z.array(CategoryKey).min(1).optional(),
    }),
  ),
  retention: z.strictObject({ asOf: Day }),
  requests: z.array(
    z.strictObject({
      request: Reference,
      kind: RequestKind,
      person: Identifier,
      channel: Channel,
      purpose: PurposeKey.nullable().default(null),
      /** For a correction: the values as the person gives them. */
      values: PersonalValues.optional(),
      method: Line,
      handler: Line,
      outcome: Line,
      /** S23: then it is denied. */
      denied: Line.optional(),
    }),
  ),
  questions: z.strictObject({ person: Identifier, day: Day }),
  transfer: z.strictObject({
    transfer: Reference,
    title: Line,
    transaction: z.enum(['merger', 'acquisition', 'sale-of-assets']),
    acquirer: RecipientId,
    scope: TransferScope,
    siteNotice: z.strictObject({ channel: Channel, property: Property, evidence: Line }).optional(),
    /** People of these kinds have been written to; everybody else is still to be told. */
    notifiedKinds: z.array(SubjectKind).default([]),
    notifiedChannel: Channel,
  }),
})
export type Scenario = Omit<z.infer<typeof Scenario>, 'recipients'> &
  Pick<z.infer<typeof Recipients>, 'recipients'>

/**
 * Reads a scenario; the files that it names are found from where it lies.
 *
 * @throws UsageError naming the field and the rule
 */
export function readScenario(file: string): Scenario {
  const { policy, imports, recipients, ...rest } = readYaml(Scenario, file)
  const at = (name: string) => join(dirname(file), name)
  return {
    ...rest,
    policy: { ...policy, file: at(policy.file) },
    recipients: readYaml(Recipients, at(recipients)).recipients,
    imports: imports.map(at),
  }
}

function readYaml<T>(schema: z.ZodType<T>, file: string): T {
  let value: unknown
  try {
    value = parse(readFileSync(file, 'utf8'))
  } catch (cause) {
    throw new UsageError(`couldn't read ${file}: ${(cause as Error).message.split('\n')[0]}`)
  }
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
  throw new UsageError(`${file}\n${lines.join('\n')}`)
}
