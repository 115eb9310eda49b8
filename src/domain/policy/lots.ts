import type { Day, EventId, Lot, RuleId } from '../values.ts'
import type { CollectionRule, RetentionRule } from './schema.ts'
import { assertNever } from '../values.ts'

/**
 * The lot that values kept under a retention rule go into. A rule whose clock is the subject's
 * (`last-activity`, `account-closure`) has one lot for the subject; with `collection` each day of
 * collection has its own.
 *
 * @param on the day of the collection in the controller's time zone
 */
export function lotFor(rule: RetentionRule, on: Day): Lot {
  switch (rule.trigger) {
    case 'collection':
      return `${rule.id}/${on}` as Lot
    case 'last-activity':
    case 'account-closure':
      return rule.id as string as Lot
    default:
      return assertNever(rule.trigger)
  }
}

/** The lot of one transient collection (S19, S32): it is used and goes on its own. */
export function transientLot(rule: CollectionRule, event: EventId): Lot {
  return `${rule.id}/${event}` as Lot
}

/** The rule that a lot's name begins with: a retention rule's, or a transient collection rule's. */
export function ruleOfLot(lot: Lot): RuleId {
  const slash = lot.indexOf('/')
  return (slash < 0 ? lot : lot.slice(0, slash)) as RuleId
}
