import { createHash } from 'node:crypto'
import type { ControllerId, Day, Lot, Position, SubjectId } from '../domain/values.ts'
import { Reference } from '../domain/values.ts'
import type { RetentionRow, Views } from '../projections/views.ts'

/** The lots of one person that are due and on which no deletion is under way. */
export type DuePerson = Readonly<{ subject: SubjectId; lots: readonly RetentionRow[] }>

const PAGE_ROWS = 500

/**
 * Everybody who has something due on or before the day, each once, as the due lots are scanned: the cost
 * is linear in what is due, whatever is held. A person's lots are read again at that moment, so that
 * what another run has taken up meanwhile is left out.
 *
 * @param position where the scan stands; what falls due after it is the next run's
 * @param fresh the position at which a person's lots are read
 */
export function* duePeople(
  views: Views,
  controller: ControllerId,
  position: Position,
  asOf: Day,
  fresh: () => Position,
): Generator<DuePerson, void, undefined> {
  // Only people with several lots can come up again, so only they are remembered.
  const seen = new Set<SubjectId>()
  let cursor: string | null = null
  do {
    const page = views.retention(
      controller,
      position,
      { dueBy: asOf },
      { limit: PAGE_ROWS, cursor },
    )
    for (const { subject } of page.rows) {
      if (seen.has(subject)) continue
      const due = lotsOf(views, controller, fresh(), asOf, subject)
      if (due.length > 1) seen.add(subject)
      const lots = due.filter(({ deletion }) => deletion === null)
      if (lots.length > 0) yield { subject, lots }
    }
    cursor = page.next
  } while (cursor !== null)
}

function lotsOf(
  views: Views,
  controller: ControllerId,
  position: Position,
  asOf: Day,
  subject: SubjectId,
): RetentionRow[] {
  const lots: RetentionRow[] = []
  let cursor: string | null = null
  do {
    const page = views.retention(
      controller,
      position,
      { dueBy: asOf, subject },
      { limit: PAGE_ROWS, cursor },
    )
    lots.push(...page.rows)
    cursor = page.next
  } while (cursor !== null)
  return lots
}

/**
 * The name of a retention's deletion: made of what is deleted and of nothing that differs between two
 * runs, so that two runs, or two processes at once, ask for one deletion and not for two.
 */
export function deletionReference(subject: SubjectId, asOf: Day, lots: readonly Lot[]): Reference {
  const digest = createHash('sha256')
    .update(JSON.stringify([subject, asOf, [...lots].sort()]))
    .digest('hex')
  return Reference.parse(`retention.${subject.slice(0, 16)}.${asOf}.${digest.slice(0, 16)}`)
}
