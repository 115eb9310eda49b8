import { z } from 'zod'

/**
 * Walks the schemas of routes: makes values that they allow, and from each every way in which one field
 * of it can be wrong. A new field of a route is covered by being in its schema.
 */

/** Stands in every wrong value and unknown key: no answer or log line may hold it. */
export const planted = 'planted.person@example.org'

const texts = [
  'reference-1',
  'user.contact.email',
  '2014-06-30T07:00:00.000Z',
  '2014-06-30',
  '0123456789abcdef0123456789abcdef',
  '01890a5d-ac96-774b-bcce-b302099a8057',
  'S12',
  'US',
  '1',
  'DataCollected',
  'subject-symphony-commerce/0123456789abcdef0123456789abcdef',
  'token:someone',
  'P30D',
  'https://hooks.example.org/custody',
  'msg-0123456789abcdef0123456789abcdef',
  'recipient/mailer',
]

type Shape = Record<string, z.ZodType>

/** Values that the schema allows: the first with every field, then one for each alternative inside. */
export function samples(schema: z.ZodType): unknown[] {
  if (schema instanceof z.ZodString) return [text(schema)]
  if (schema instanceof z.ZodNumber) return [schema.safeParse(1).success ? 1 : 0]
  if (schema instanceof z.ZodBoolean) return [true]
  if (schema instanceof z.ZodLiteral) return [[...schema.values][0]]
  if (schema instanceof z.ZodEnum) return [schema.options[0]]
  if (schema instanceof z.ZodObject) return objects(schema.shape)
  if (schema instanceof z.ZodArray) return samples(schema.element as z.ZodType).map((one) => [one])
  if (schema instanceof z.ZodRecord) {
    const [key] = samples(schema.keyType as z.ZodType)
    return samples(schema.valueType as z.ZodType).map((one) => ({ [String(key)]: one }))
  }
  if (schema instanceof z.ZodUnion)
    return schema.options.flatMap((one) => samples(one as z.ZodType))
  const inner = innerOf(schema)
  if (inner) return samples(inner)
  return [text(schema)]
}

function text(schema: z.ZodType): string {
  const fitting = texts.find((one) => schema.safeParse(one).success)
  if (fitting === undefined) throw new Error(`no sample text fits ${schema.type}: add one`)
  return fitting
}

function objects(shape: Shape): unknown[] {
  const fields = Object.entries(shape).map(([name, field]) => [name, samples(field)] as const)
  const base = Object.fromEntries(fields.map(([name, [first]]) => [name, first]))
  const others = fields.flatMap(([name, [, ...more]]) =>
    more.map((one) => ({ ...base, [name]: one })),
  )
  return [base, ...others]
}

function innerOf(schema: z.ZodType): z.ZodType | null {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodNullable) {
    return schema.unwrap() as z.ZodType
  }
  if (schema instanceof z.ZodDefault) return schema.unwrap() as z.ZodType
  if (schema instanceof z.ZodPipe) return schema.in as z.ZodType
  return null
}

/** One way to be wrong: where, how, and the whole value that is wrong in this way. */
export type Wrong = Readonly<{ field: string; how: string; value: unknown }>

/** Every way in which one field of an allowed value can be wrong. */
export function wrongs(schema: z.ZodType, value: unknown): Wrong[] {
  return [...walk(schema, value, [], (changed) => changed)].filter(
    ({ how, value: changed }) => surelyWrong.has(how) || !schema.safeParse(changed).success,
  )
}

/** Others may happen to be allowed: not every text has a longest length. */
const surelyWrong = new Set(['missing', 'unknown field', 'wrong type'])

type Rebuild = (changed: unknown) => unknown

function* walk(schema: z.ZodType, value: unknown, path: string[], root: Rebuild): Generator<Wrong> {
  const wrong = (how: string, changed: unknown, at = path): Wrong => ({
    field: at.join('.'),
    how,
    value: root(changed),
  })
  if (schema instanceof z.ZodObject) {
    const fields = value as Record<string, unknown>
    if (path.length > 0) yield wrong('wrong type', planted)
    yield wrong('unknown field', { ...fields, [planted]: planted })
    for (const [name, field] of Object.entries(schema.shape)) {
      if (!(name in fields)) continue
      const { [name]: present, ...rest } = fields
      if (field._zod.optin === undefined) yield wrong('missing', rest, [...path, name])
      yield* walk(field, present, [...path, name], (changed) =>
        root({ ...fields, [name]: changed }),
      )
    }
    return
  }
  if (schema instanceof z.ZodArray) {
    const [first] = value as unknown[]
    yield wrong('wrong type', { [planted]: planted })
    yield wrong(
      'too many',
      Array.from({ length: longest(schema) + 1 }, () => first),
    )
    yield* walk(schema.element as z.ZodType, first, [...path, '0'], (changed) => root([changed]))
    return
  }
  if (schema instanceof z.ZodRecord) {
    const [[key, first] = ['', null]] = Object.entries(value as object)
    yield wrong('wrong type', [planted])
    yield wrong('key', { [planted]: first })
    const inside = [...path, key]
    yield* walk(schema.valueType as z.ZodType, first, inside, (changed) => root({ [key]: changed }))
    return
  }
  if (schema instanceof z.ZodUnion) {
    const options = schema.options as z.ZodType[]
    const chosen = options.find((one) => one.safeParse(value).success)
    if (chosen) yield* walk(chosen, value, path, root)
    return
  }
  const inner = innerOf(schema)
  if (inner) {
    yield* walk(inner, value, path, root)
    return
  }
  yield wrong('wrong type', { [planted]: planted })
  if (schema instanceof z.ZodString) {
    yield wrong('too long', planted.padEnd(longest(schema) + 1, 'x'))
    yield wrong('empty', '')
    yield wrong('control character', `a\u0000${planted}`)
    yield wrong('future', '2999-01-01T00:00:00.000Z')
  }
  if (schema instanceof z.ZodNumber) {
    for (const other of [-1, 1.5, 1e300]) yield wrong('out of range', other)
  }
  if (schema instanceof z.ZodEnum || schema instanceof z.ZodLiteral)
    yield wrong('not one of', planted)
}

/** The longest that the schema says, or what is longer than any pattern takes. */
function longest(schema: z.ZodType): number {
  const { maximum } = schema._zod.bag
  return typeof maximum === 'number' ? maximum : 400
}
