import { z } from 'zod'
import { assertNever } from '../domain/values.ts'
import { normalize } from '../vault/identifiers.ts'
import type { Transform } from './mapping.ts'
import { type ColumnExpression, type Expression } from './mapping.ts'
import { defect, type Defect } from './reject.ts'
import type { Cells } from './rows.ts'
import { dayOf, instantTextOf, type TimeReader } from './time.ts'

/** What a value may be: what a line's field may hold. */
export type Scalar = string | number | boolean
export type Value = Scalar | Scalar[]

/** A value, nothing (an empty cell), or what is wrong with the cell. */
export type Evaluated =
  Readonly<{ ok: true; value: Value | undefined }> | Readonly<{ ok: false; defect: Defect }>

/** What transforms need beside the cell. */
export type Setting = Readonly<{
  readTime: TimeReader
  timeZone: string
  defaultCountry: string | undefined
}>

/** The value of an expression on a row. Texts that are empty or blank count as absent. */
export function evaluate(expression: Expression, cells: Cells, setting: Setting): Evaluated {
  if (typeof expression !== 'object') return { ok: true, value: expression }
  if ('constant' in expression) return { ok: true, value: expression.constant }
  return evaluateColumn(expression, cells, setting)
}

function evaluateColumn(expression: ColumnExpression, cells: Cells, setting: Setting): Evaluated {
  const { column } = expression
  let value = withoutBlanks(cut(cellAt(cells, column), expression.split))
  for (const transform of [expression.transform ?? []].flat()) {
    if (value === undefined) break
    const next = applyTransform(transform, value, setting)
    if (!next.ok) return { ok: false, defect: { ...next.defect, field: column } }
    value = next.value
  }
  if (value === undefined) return { ok: true, value: expression.default }
  return expression.lookup ? lookUp(value, expression.lookup, column) : { ok: true, value }
}

/** The cell at a column or a dotted path; `a[].b` gathers a list. Undefined where there is none. */
export function cellAt(cells: Cells, path: string): Value | undefined {
  const whole = Object.hasOwn(cells, path) ? cells[path] : follow(cells, path.split('.'))
  return valueOf(whole)
}

function follow(from: unknown, steps: readonly string[]): unknown {
  let here = from
  for (const [index, step] of steps.entries()) {
    const list = step.endsWith('[]')
    const name = list ? step.slice(0, -2) : step
    if (typeof here !== 'object' || here === null || !Object.hasOwn(here, name)) return undefined
    here = Reflect.get(here, name)
    if (!list) continue
    if (!Array.isArray(here)) return undefined
    const rest = steps.slice(index + 1)
    return here.map((item: unknown) => (rest.length > 0 ? follow(item, rest) : item))
  }
  return here
}

const ScalarCell = z.union([z.string(), z.number(), z.boolean()])

function valueOf(cell: unknown): Value | undefined {
  if (Array.isArray(cell))
    return cell.flatMap((item: unknown) => ScalarCell.safeParse(item).data ?? [])
  return ScalarCell.safeParse(cell).data
}

function cut(value: Value | undefined, separator: string | undefined): Value | undefined {
  if (separator === undefined || typeof value !== 'string') return value
  return value.split(separator).map((part) => part.trim())
}

function withoutBlanks(value: Value | undefined): Value | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value
  if (!Array.isArray(value)) return value
  const kept = value.filter((item) => typeof item !== 'string' || item.trim() !== '')
  return kept.length > 0 ? kept : undefined
}

function applyTransform(transform: Transform, value: Value, setting: Setting): Evaluated {
  if (transform === 'first') return { ok: true, value: Array.isArray(value) ? value[0] : value }
  if (!Array.isArray(value)) return applyToScalar(transform, value, setting)
  const values: Scalar[] = []
  for (const item of value) {
    const next = applyToScalar(transform, item, setting)
    if (!next.ok) return next
    if (next.value !== undefined && !Array.isArray(next.value)) values.push(next.value)
  }
  return { ok: true, value: values.length > 0 ? values : undefined }
}

function applyToScalar(
  transform: Exclude<Transform, 'first'>,
  value: Scalar,
  setting: Setting,
): Evaluated {
  const text = String(value).trim()
  switch (transform) {
    case 'trim':
      return { ok: true, value: text }
    case 'lower':
      return { ok: true, value: text.toLowerCase() }
    case 'digits':
      return { ok: true, value: text.replace(/[^0-9]/g, '') || undefined }
    case 'last-four':
      return { ok: true, value: text.slice(-4) }
    case 'date': {
      const time = setting.readTime(text)
      return time !== null && instantTextOf(time) !== null
        ? { ok: true, value: dayOf(time, setting.timeZone) }
        : failed('impossible_time')
    }
    case 'email':
      return identifierOf('email', text)
    case 'phone':
      return identifierOf('phone', text, setting.defaultCountry)
    case 'number': {
      const number = /^[-+]?[0-9]+(?:\.[0-9]+)?$/.test(text) ? Number(text) : Number.NaN
      return Number.isFinite(number) ? { ok: true, value: number } : failed('invalid_number')
    }
    case 'boolean':
      if (/^(?:yes|y|true|1|x)$/i.test(text)) return { ok: true, value: true }
      return /^(?:no|n|false|0)$/i.test(text)
        ? { ok: true, value: false }
        : failed('invalid_boolean')
    default:
      return assertNever(transform)
  }
}

/** The one spelling under which the vault knows the identifier. */
function identifierOf(
  scheme: 'email' | 'phone',
  value: string,
  defaultCountry?: string,
): Evaluated {
  const normal = normalize({ scheme, value }, { defaultCountry })
  return normal.ok ? { ok: true, value: normal.value } : failed(`invalid_${scheme}`)
}

function lookUp(value: Value, table: Readonly<Record<string, Scalar>>, column: string): Evaluated {
  const found: Scalar[] = []
  for (const item of [value].flat()) {
    const key = String(item).trim()
    const entry = Object.hasOwn(table, key) ? table[key] : undefined
    if (entry === undefined) return { ok: false, defect: defect('unknown_value', column) }
    found.push(entry)
  }
  return { ok: true, value: Array.isArray(value) ? found : found[0] }
}

function failed(reason: Defect['reason']): Evaluated {
  return { ok: false, defect: defect(reason, null) }
}
