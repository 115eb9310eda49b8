import type { Mapping } from './mapping.ts'
import type { Row } from './rows.ts'

/**
 * What makes a row itself: the source, the kind of file and the content, whatever the order of its
 * columns and however it is quoted. A row that an export repeats has the fingerprint of the first;
 * the same act at another time has another. Where the mapping says that like rows are different
 * acts, the place in the file counts too. It holds personal values: it is digested with a key
 * before it is stored.
 */
export function fingerprint(mapping: Mapping, file: string, row: Row): string {
  const kind = `${mapping.source}/${mapping.mapping}`
  const content = canonical(row.cells)
  if (mapping.repeatedRows === 'same-act') return `${kind} ${content}`
  return `${kind} ${file}:${row.line} ${content}`
}

/** JSON with the keys of every object in order. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null'
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const members = entries.map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
  return `{${members.join(',')}}`
}
