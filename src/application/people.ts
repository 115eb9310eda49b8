import { streamName } from '../domain/envelope.ts'
import { subjectDecider } from '../domain/subject/decider.ts'
import type { ControllerId, PurposeKey, SubjectId } from '../domain/values.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { Vault } from '../vault/vault.ts'
import type { Line } from './lines.ts'
import { introduces, isAboutPerson } from './plan.ts'
import type { Invalid } from './services.ts'

/** S3, N4: records that somebody of these identifiers, erased since, had objected to these purposes. */
export type CarryOver = (
  subject: SubjectId,
  purposes: readonly PurposeKey[],
  line: Line,
) => Promise<void>

/**
 * The pseudonym of each line's person, by the line's index, or what is wrong with an identifier. People
 * whom a line introduces are made in one transaction, in the order of the lines; then those who must be
 * known already are looked up.
 */
export async function resolveSubjects(
  { vault, executor }: Readonly<{ vault: Vault; executor: Executor }>,
  carryOver: CarryOver,
  controller: ControllerId,
  wanted: readonly Readonly<{ line: Line }>[],
  open: readonly number[],
): Promise<(SubjectId | Invalid | null)[]> {
  const subjects = new Array<SubjectId | Invalid | null>(wanted.length).fill(null)
  const making: number[] = []
  const finding: number[] = []
  for (const index of open) {
    const { line } = wanted[index]!
    if (!isAboutPerson(line)) continue
    if ('subject' in line.subject) {
      // A pseudonym is never made by being named, and one of another controller is none of ours (S45).
      const { subject } = line.subject
      const stream = streamName('subject', controller, subject)
      const isKnown = await executor.load(stream, subjectDecider, ({ revision }) => revision >= 0)
      subjects[index] = isKnown ? subject : null
      continue
    }
    const identifiers = line.subject.identifiers
    // One identifier that is known leaves nothing to link, so that the cache may answer.
    const cached = identifiers.length === 1 ? vault.findCached(controller, identifiers) : null
    if (cached) {
      subjects[index] = cached
      continue
    }
    const broken = vault.checkIdentifiers(identifiers)
    if (broken) {
      const field = `subject.identifiers.${broken.index}.value`
      subjects[index] = { outcome: 'invalid', field, rule: broken.rule }
      continue
    }
    ;(introduces(line) ? making : finding).push(index)
  }
  const identifiersOf = (index: number) => {
    const { line } = wanted[index]!
    return isAboutPerson(line) && 'identifiers' in line.subject ? line.subject.identifiers : []
  }
  if (making.length > 0) {
    const made = await vault.identifyAll(controller, making.map(identifiersOf))
    for (const [at, index] of making.entries()) {
      const { subject, suppressed } = made[at]!
      subjects[index] = subject
      if (suppressed) await carryOver(subject, suppressed, wanted[index]!.line)
    }
  }
  await Promise.all(
    finding.map(async (index) => {
      subjects[index] = await vault.find(controller, identifiersOf(index))
    }),
  )
  return subjects
}
