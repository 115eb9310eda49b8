import type { Page, Paging } from '../projections/views.ts'

const pageRows = 1_000

/** Every row of a paged answer, one page in memory at a time. */
export function* everyRow<Row>(
  ask: (paging: Paging) => Page<Row>,
): Generator<Row, void, undefined> {
  let cursor: string | null = null
  do {
    const page = ask({ limit: pageRows, cursor })
    yield* page.rows
    cursor = page.next
  } while (cursor !== null)
}
