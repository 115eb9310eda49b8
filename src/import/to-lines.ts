import { Line } from '../application/lines.ts'
import { evaluate, cellAt, type Setting, type Value } from './expression.ts'
import {
  ListExpression,
  type ColumnExpression,
  type Condition,
  type IdentifierExpression,
  type Mapping,
  type RecordTemplate,
} from './mapping.ts'
import { defect, type Defect } from './reject.ts'
import type { Cells } from './rows.ts'
import { instantTextOf, timeReader, type TimeReader } from './time.ts'

/**
 * What a mapping makes of one row: its lines (none: of no concern to the ledger), or what is wrong
 * with it.
 */
export type RowLines =
  Readonly<{ ok: true; lines: readonly Line[] }> | Readonly<{ ok: false; defect: Defect }>

/** Makes lines of rows. Pure: the same row always makes the same lines. */
export type LineMaker = (cells: Cells) => RowLines

/** A row makes all its lines or, where any of them has a defect, none. */
export function lineMaker(mapping: Mapping): LineMaker {
  const setting: Setting = {
    readTime: timeReader(mapping.times, mapping.timeZone),
    timeZone: mapping.timeZone,
    defaultCountry: mapping.defaultCountry,
  }
  const rules = mapping.rules.map(({ when, records }) => ({
    when: Object.entries(when),
    recipes: records.map((record) => recipeOf(record, mapping)),
  }))
  return (cells) => {
    const matching = rules.filter(({ when }) => matches(when, cells))
    if (matching.length === 0) return { ok: false, defect: defect('no_rule', null) }
    const lines: Line[] = []
    for (const { recipes } of matching) {
      for (const recipe of recipes) {
        const made = makeLine(recipe, cells, setting)
        if (!made.ok) return made
        lines.push(made.line)
      }
    }
    return { ok: true, lines }
  }
}

/** A record of the mapping, with its own fields apart from those that every line may have. */
type Recipe = Readonly<{
  fixed: Readonly<Record<string, unknown>>
  occurredAt: ColumnExpression | undefined
  subject: readonly IdentifierExpression[] | undefined
  values: readonly [string, readonly [string, ListExpression][]][] | undefined
  fields: readonly [string, ListExpression][]
}>

function recipeOf(record: RecordTemplate, { source }: Mapping): Recipe {
  const { type, mode, occurredAt, subject, values, ...others } = record
  const fields = Object.entries(others).map(([name, expression]): [string, ListExpression] => [
    name,
    ListExpression.parse(expression),
  ])
  const categories = values && Object.entries(values)
  return {
    fixed: { type, mode, source },
    occurredAt,
    subject,
    values: categories?.map(([category, inner]) => [category, Object.entries(inner)]),
    fields,
  }
}

function matches(when: readonly [string, Condition][], cells: Cells): boolean {
  return when.every(([column, condition]) => holds(condition, cellAt(cells, column)))
}

function holds(condition: Condition, cell: Value | undefined): boolean {
  const text = cell === undefined ? '' : String(cell).trim()
  if (typeof condition !== 'object') return text === String(condition)
  if ('equals' in condition) return text === String(condition.equals)
  if ('in' in condition) return condition.in.some((option) => text === String(option))
  if ('present' in condition) return (text !== '') === condition.present
  return text.startsWith(condition.startsWith)
}

type Made<T> = { ok: true } & T

function makeLine(
  { fixed, occurredAt, subject, values, fields }: Recipe,
  cells: Cells,
  setting: Setting,
): Made<{ line: Line }> | { ok: false; defect: Defect } {
  const input: Record<string, unknown> = { ...fixed }
  if (occurredAt) {
    const time = makeTime(occurredAt, cells, setting.readTime)
    if (!time.ok) return time
    input.occurredAt = time.instant
  }
  if (subject) {
    const named = makeSubject(subject, cells, setting)
    if (!named.ok) return named
    input.subject = { identifiers: named.identifiers }
  }
  for (const [name, expression] of fields) {
    const field = makeField(expression, cells, setting)
    if (!field.ok) return field
    if (field.value !== undefined) input[name] = field.value
  }
  if (values) {
    const personal = makeValues(values, cells, setting)
    if (!personal.ok) return personal
    if (personal.values.size === 0 && input.categories === undefined)
      return { ok: false, defect: defect('value_missing', 'values') }
    input.values = Object.fromEntries(personal.values)
  }
  return parseLine(input)
}

function parseLine(input: unknown): Made<{ line: Line }> | { ok: false; defect: Defect } {
  const parsed = Line.safeParse(input)
  if (parsed.success) return { ok: true, line: parsed.data }
  const [issue] = parsed.error.issues
  const field = issue ? issue.path.join('.') : null
  const rule = issue?.message ?? ''
  return { ok: false, defect: { ...defect('invalid_line', field), rule } }
}

function makeTime(
  { column }: ColumnExpression,
  cells: Cells,
  readTime: TimeReader,
): Made<{ instant: string }> | { ok: false; defect: Defect } {
  const cell = cellAt(cells, column)
  const text = cell === undefined ? '' : String(cell).trim()
  if (text === '') return { ok: false, defect: defect('value_missing', column) }
  const time = readTime(text)
  const instant = time === null ? null : instantTextOf(time)
  if (!instant) return { ok: false, defect: defect('impossible_time', column) }
  return { ok: true, instant }
}

function makeSubject(
  expressions: readonly IdentifierExpression[],
  cells: Cells,
  setting: Setting,
): Made<{ identifiers: { scheme: string; value: string }[] }> | { ok: false; defect: Defect } {
  const identifiers: { scheme: string; value: string }[] = []
  for (const { scheme, optional, ...expression } of expressions) {
    const value = evaluate(expression, cells, setting)
    if (!value.ok) {
      if (optional) continue
      return value
    }
    for (const item of [value.value ?? []].flat()) identifiers.push({ scheme, value: String(item) })
  }
  if (identifiers.length > 0) return { ok: true, identifiers }
  const columns = expressions.map(({ column }) => column).join(', ')
  return { ok: false, defect: defect('no_identifier', columns) }
}

function makeValues(
  categories: readonly [string, readonly [string, ListExpression][]][],
  cells: Cells,
  setting: Setting,
): Made<{ values: Map<string, Record<string, unknown>> }> | { ok: false; defect: Defect } {
  const values = new Map<string, Record<string, unknown>>()
  for (const [category, fields] of categories) {
    const made = new Map<string, unknown>()
    for (const [name, expression] of fields) {
      const field = makeField(expression, cells, setting)
      if (!field.ok) return field
      if (field.value !== undefined) made.set(name, field.value)
    }
    if (made.size > 0) values.set(category, Object.fromEntries(made))
  }
  return { ok: true, values }
}

function makeField(
  expression: ListExpression,
  cells: Cells,
  setting: Setting,
): Made<{ value: unknown }> | { ok: false; defect: Defect } {
  if (!Array.isArray(expression)) return evaluate(expression, cells, setting)
  const list: unknown[] = []
  for (const item of expression) {
    const value = evaluate(item, cells, setting)
    if (!value.ok) return value
    if (value.value !== undefined) list.push(...[value.value].flat())
  }
  return { ok: true, value: list }
}
