import { z } from 'zod'

/** Where the field stands. */
export const requestParts = ['body', 'query', 'path', 'header'] as const
export type RequestPart = (typeof requestParts)[number]

/** One field and the rule it breaks. Never the value, and never a key that could be one. */
export const FieldError = z
  .strictObject({
    in: z.enum(requestParts),
    /** Dotted, from the part's root: `values.user.contact.email.address`, `purposes.0`; empty: the root. */
    field: z.string(),
    rule: z.string(),
  })
  .meta({ id: 'FieldError' })
export type FieldError = z.infer<typeof FieldError>

/** Input that the schema does not allow. */
export class InvalidInput extends Error {
  override readonly name = 'InvalidInput'
  readonly errors: readonly FieldError[]
  constructor(errors: readonly FieldError[]) {
    super('the input is not valid')
    this.errors = errors
  }
}

const mostErrors = 32
const required = 'is required'

/** The zod options under which every message is one of ours. */
export const parseOptions = { error: ruleOf } as const

/** What is wrong with `input`, field by field, in the order of the fields. */
export function fieldErrors(error: z.ZodError, part: RequestPart): FieldError[] {
  const found: FieldError[] = []
  for (const issue of error.issues) collect(issue, [], part, found)
  return found.slice(0, mostErrors)
}

type Issue = z.core.$ZodIssue
type Path = readonly PropertyKey[]

function collect(issue: Issue, under: Path, part: RequestPart, found: FieldError[]): void {
  const path = [...under, ...issue.path]
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    const simple = simpleAlternatives(issue.errors) ?? missingAlternatives(issue.errors)
    if (simple) found.push({ in: part, field: fieldOf(path), rule: simple })
    else for (const inner of bestAlternative(issue.errors)) collect(inner, path, part, found)
    return
  }
  if (issue.code === 'invalid_key') {
    const rule = issue.issues[0]?.message ?? 'must be a key'
    found.push({ in: part, field: fieldOf(path.slice(0, -1)), rule: `a key in it ${rule}` })
    return
  }
  found.push({ in: part, field: fieldOf(path), rule: issue.message })
}

/** `needs identifiers or subject`, where each alternative fails by one field that is not there. */
function missingAlternatives(alternatives: readonly Issue[][]): string | null {
  const names: string[] = []
  for (const [first, ...others] of alternatives) {
    if (first?.message !== required || first.path.length !== 1 || others.length > 0) return null
    names.push(fieldOf(first.path))
  }
  return `needs ${listed(names)}`
}

/** `must be text, a number, true or false or a list`, where each alternative fails by its kind alone. */
function simpleAlternatives(alternatives: readonly Issue[][]): string | null {
  const kinds: string[] = []
  for (const [first, ...others] of alternatives) {
    if (first?.code !== 'invalid_type' || first.path.length > 0 || others.length > 0) return null
    kinds.push(kindNames[first.expected] ?? first.expected)
  }
  if (kinds.includes('an object') && new Set(kinds).size === 1) return null
  return `must be ${listed([...new Set(kinds)])}`
}

/** The alternative that came furthest is most likely the one that was meant. */
function bestAlternative(alternatives: readonly Issue[][]): readonly Issue[] {
  let best: readonly Issue[] = alternatives[0] ?? []
  for (const issues of alternatives) {
    const further = reach(issues) - reach(best)
    if (further > 0 || (further === 0 && issues.length < best.length)) best = issues
  }
  return best
}

function reach(issues: readonly Issue[]): number {
  const known = issues.every((issue) => issue.code !== 'unrecognized_keys' || issue.path.length > 0)
  const depth = Math.max(0, ...issues.map((issue) => issue.path.length))
  return depth + (known ? 0.5 : 0)
}

/** Property names and well-shaped keys are shown; what could be somebody's value is a star. */
function fieldOf(path: Path): string {
  return path
    .map((part) => (typeof part === 'number' || showable.test(String(part)) ? String(part) : '*'))
    .join('.')
}

const showable = /^(?!.*[0-9]{3})[A-Za-z][A-Za-z0-9.-]{0,95}$/

const kindNames: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
}

/** The rule that an issue breaks, for people. Says nothing of what was sent. */
function ruleOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (issue.input === undefined) return required
      return `must be ${kindNames[issue.expected] ?? issue.expected}`
    case 'too_big':
      return `must ${sizeVerb(issue.origin)} at most ${issue.maximum}${sizeUnit(issue.origin)}`
    case 'too_small':
      return `must ${sizeVerb(issue.origin)} at least ${issue.minimum}${sizeUnit(issue.origin)}`
    case 'invalid_value':
      if (issue.input === undefined) return required
      return `must be ${listed(issue.values.map((value) => String(value)))}`
    case 'unrecognized_keys':
      return `unknown field; known are ${knownFields(issue.inst)}`
    case 'invalid_format':
      return formatRules[issue.format] ?? 'must have the documented format'
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`
    case 'invalid_union':
      return unionRule(issue)
    default:
      return 'must be as documented'
  }
}

const formatRules: Record<string, string> = {
  uuid: 'must be a UUID of version 7',
  base64: 'must be base64',
}

function sizeVerb(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'have' : 'be'
}

function sizeUnit(origin: string): string {
  if (origin === 'string') return ' characters'
  return origin === 'array' ? ' entries' : ''
}

function unionRule(issue: z.core.$ZodRawIssue): string {
  const options = discriminatorValues(issue.inst, issue['discriminator'])
  if (options.length === 0) return 'must be one of the documented alternatives'
  return `must be ${listed(options)}`
}

function discriminatorValues(inst: unknown, discriminator: unknown): string[] {
  if (!(inst instanceof z.ZodDiscriminatedUnion) || typeof discriminator !== 'string') return []
  const values = inst.options.flatMap((option) => {
    return [...(option._zod.propValues?.[discriminator] ?? [])]
  })
  return values.map((value) => String(value))
}

function knownFields(inst: unknown): string {
  return inst instanceof z.ZodObject ? Object.keys(inst.shape).join(', ') || 'none' : 'documented'
}

function listed(words: readonly string[]): string {
  if (words.length < 2) return words.join('')
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`
}
