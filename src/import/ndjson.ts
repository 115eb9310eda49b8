import { z } from 'zod'
import type { PhysicalLine } from './physical-lines.ts'
import type { RowOutcome } from './rows.ts'
import { unreadable } from './text-lines.ts'

const JsonObject = z.record(z.string(), z.unknown())

/** One JSON object a line. */
export function parseNdjsonLine(text: string, line: PhysicalLine): RowOutcome {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return unreadable(line, 'broken_json')
  }
  const object = JsonObject.safeParse(value)
  if (!object.success) return unreadable(line, 'not_an_object')
  if (isDeeperThan(object.data, DEEPEST)) return unreadable(line, 'too_deep')
  return { readable: true, row: { line: line.number, cells: object.data, raw: [line] } }
}

/** How deep objects and lists may be nested, so that walking one cannot exhaust the stack. */
const DEEPEST = 64

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(inner, levels - 1))
}
