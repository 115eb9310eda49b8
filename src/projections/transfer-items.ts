import type { TransferScope } from '../domain/transfer/events.ts'
import type { Day, Lot, Position, PurposeKey, SubjectId } from '../domain/values.ts'
import { erasurePending, isBeingDeleted } from './deletions.ts'
import { inventoryPage } from './inventory.ts'
import type { Reader } from './reader.ts'
import { dueOfLot } from './retention-schedule.ts'
import { OBJECTION, stoodAt } from './standings.ts'
import type { InventoryRow, TransferItemRow } from './views.ts'

/** An objection to this purpose keeps a person's data out of a business transfer. */
const TRANSFER_PURPOSE = 'business-transfer' as PurposeKey

const pageRows = 1_000

type Question = Readonly<{
  reader: Reader
  controller: number
  position: Position
  scope: TransferScope
  /** What is due on this day or before does not pass. */
  asOf: Day
}>

/**
 * What was held at the position, by person, each item with why it would not pass to the acquirer; null
 * where it would. A page at a time, so that memory stays flat and no read stays open.
 */
export function* transferItems(question: Question): Generator<TransferItemRow, void, undefined> {
  const { reader, controller, position } = question
  let subject: SubjectId | null = null
  let about: Person = { number: 0, objected: false, erasing: false }
  let lots = new Map<Lot, LotFacts>()
  let cursor: string | null = null
  do {
    const paging = { limit: pageRows, cursor }
    const page = inventoryPage(reader, controller, { position }, {}, paging)
    for (const item of page.rows) {
      if (item.subject !== subject) {
        subject = item.subject
        about = personOf(question, subject)
        lots = new Map()
      }
      const lot = lots.get(item.lot) ?? lotOf(question, about, item.lot)
      lots.set(item.lot, lot)
      yield {
        subject: item.subject,
        category: item.category,
        lot: item.lot,
        kind: item.kind,
        property: item.property,
        collection: item.collection,
        excluded: exclusion(question, item, about, lot),
      }
    }
    cursor = page.next
  } while (cursor !== null)
}

type Person = Readonly<{ number: number; objected: boolean; erasing: boolean }>
type LotFacts = Readonly<{ deleting: boolean; due: boolean }>

function personOf({ reader, controller, position }: Question, subject: SubjectId): Person {
  const number = reader.person(controller, subject)!
  const purpose = reader.term(TRANSFER_PURPOSE)
  const latest = Number.MAX_SAFE_INTEGER
  const stood =
    purpose === null ? null : stoodAt(reader, number, OBJECTION, purpose, position, latest)
  return {
    number,
    objected: stood?.status === 'made',
    erasing: erasurePending(reader, number, position),
  }
}

const lotNumber = `SELECT lot.number FROM term JOIN lot ON lot.name = term.number
  WHERE term.text = ? AND lot.subject = ?`

/** Each statement, so that a test can ask how SQLite goes about it. */
export const transferItemReads = { lotNumber } as const

function lotOf({ reader, position, asOf }: Question, { number }: Person, name: Lot): LotFacts {
  const found = reader.first(lotNumber, name, number)
  if (!found) throw new Error(`couldn't find lot ${name} in the views`)
  const lot = Number(found[0])
  const dueOn = dueOfLot(reader, lot, position)
  return {
    deleting: isBeingDeleted(reader, lot, position),
    due: dueOn !== null && dueOn <= asOf,
  }
}

/** The first reason that applies, in the order in which they are listed. */
function exclusion(
  { scope }: Question,
  item: InventoryRow,
  { objected, erasing }: Person,
  { deleting, due }: LotFacts,
): TransferItemRow['excluded'] {
  if (!inScope(scope, item)) return 'outside-scope'
  if (erasing || deleting) return 'deletion-pending'
  if (!item.permitted) return 'collected-in-violation'
  if (objected) return 'objection'
  return due ? 'due' : null
}

function inScope(scope: TransferScope, { property, category, kind }: InventoryRow): boolean {
  if ('everything' in scope) return true
  const { properties, categories, kinds } = scope
  return (
    (!properties || properties.includes(property)) &&
    (!categories || categories.includes(category)) &&
    (!kinds || kinds.includes(kind))
  )
}
