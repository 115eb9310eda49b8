import type { HoldScope } from '../domain/hold/events.ts'
import type { SubjectId, SubjectKind, CategoryKey, Reference } from '../domain/values.ts'
import type { HoldRow } from '../projections/views.ts'

/** What of one person is asked about: which kinds they are, and the categories of one lot. */
export type Covered = Readonly<{
  subject: SubjectId
  kinds: readonly SubjectKind[]
  categories: readonly CategoryKey[]
}>

/** The matters whose hold, in force, covers the lot (S36). A hold matches when every list it gives does. */
export function holdsOn(holds: readonly HoldRow[], covered: Covered): Reference[] {
  return holds
    .filter(({ ended, scope }) => ended === null && covers(scope, covered))
    .map(({ matter }) => matter)
    .sort()
}

function covers(scope: HoldScope, { subject, kinds, categories }: Covered): boolean {
  if ('everything' in scope) return true
  return (
    (!scope.subjects || scope.subjects.includes(subject)) &&
    (!scope.kinds || scope.kinds.some((kind) => kinds.includes(kind))) &&
    (!scope.categories || scope.categories.some((category) => categories.includes(category)))
  )
}
