import type { SubjectId } from '../../domain/values.ts'

/** Of whom something became untrue, and when: so that what was read before is not taken for true after. */
export type Invalidations = Readonly<{
  mark(): number
  add(subject: SubjectId): void
  addAll(): void
  /** Whether nothing of the subject was added since the mark. */
  stands(mark: number, subject: SubjectId): boolean
}>

/** How many subjects are told apart; beyond that all that was read before counts as untrue. */
const most = 10_000

/** Bounded in memory; errs towards "untrue". */
export function createInvalidations(): Invalidations {
  const last = new Map<SubjectId, number>()
  let count = 0
  let all = 0
  const addAll = (): void => {
    all = count += 1
    last.clear()
  }
  return {
    mark: () => count,
    addAll,
    add: (subject) => {
      if (last.size >= most) addAll()
      last.set(subject, (count += 1))
    },
    stands: (mark, subject) => all <= mark && (last.get(subject) ?? 0) <= mark,
  }
}
