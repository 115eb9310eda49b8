import type { Row } from './reader.ts'
import { BadCursor, type Page, type Paging } from './views.ts'

/**
 * Cursors: the list and the key of the last row of a page, as base64url. Numbers are given in the log's
 * order, so a cursor stays good over restarts and rebuilds.
 */
export type Key = readonly (number | string)[]

/** How a list is paged by a unique, ordered key. */
export type Listing<Answer> = Readonly<{
  /** Its name, which its cursors bear. */
  list: string
  paging: Paging
  /** A key before that of the first row; a cursor has the same sorts of parts. */
  start: Key
  /** The rows behind a key in order, at most `count`. */
  more: (after: Key, count: number) => readonly Row[]
  keyOf: (row: Row) => Key
  /** What the statement could not choose. Absent: all. */
  wanted?: (row: Row) => boolean
  answer: (row: Row) => Answer
}>

/** The most rows that are looked through at a time for those wanted. */
const largestPiece = 5_000

/**
 * One page of a list.
 * @throws BadCursor when the cursor is not one of this list
 */
export function pageOf<Answer>(listing: Listing<Answer>): Page<Answer> {
  const { list, paging, keyOf, wanted, answer } = listing
  const { limit } = paging
  if (!Number.isSafeInteger(limit) || limit < 1) throw new Error(`couldn't answer ${limit} rows`)
  // One more than is answered says whether there is another page.
  const enough = limit + 1
  const found: Row[] = []
  let after = keyIn(list, paging.cursor, listing.start)
  let count = enough
  for (;;) {
    const rows = listing.more(after, count)
    for (const row of rows) {
      if (found.length < enough && (!wanted || wanted(row))) found.push(row)
    }
    if (found.length === enough || rows.length < count) break
    after = keyOf(rows.at(-1)!)
    // A filter that lets little through looks through larger pieces.
    count = Math.max(enough, Math.min(count * 2, largestPiece))
  }
  const last = found.length > limit ? found[limit - 1] : undefined
  return {
    rows: found.slice(0, limit).map(answer),
    next: last ? cursorOf(list, keyOf(last)) : null,
  }
}

/** The page of a list that has no rows. */
export const emptyPage: Page<never> = { rows: [], next: null }

function cursorOf(list: string, key: Key): string {
  return Buffer.from(JSON.stringify([list, ...key])).toString('base64url')
}

function keyIn(list: string, cursor: string | null, start: Key): Key {
  if (cursor === null) return start
  const parsed = jsonOf(cursor)
  if (!Array.isArray(parsed) || parsed.length !== start.length + 1 || parsed[0] !== list) {
    throw new BadCursor('the cursor is not one of this list')
  }
  return start.map((part, index) => {
    const found: unknown = parsed[index + 1]
    if (typeof part === 'string' && typeof found === 'string') return found
    if (typeof part === 'number' && Number.isSafeInteger(found)) return found as number
    throw new BadCursor('the cursor is not one of this list')
  })
}

function jsonOf(cursor: string): unknown {
  try {
    return JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}
