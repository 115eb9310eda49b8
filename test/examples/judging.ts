import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { parse } from 'yaml'
import { z } from 'zod'
import {
  activityCommand,
  actOf,
  isAboutPerson,
  subjectCommand,
} from '../../src/application/plan.ts'
import type { Line } from '../../src/application/lines.ts'
import type { LineOutcome } from '../../src/application/services.ts'
import { activityDecider } from '../../src/domain/activity/decider.ts'
import type { RecipientStanding } from '../../src/domain/judgement.ts'
import { dayOf } from '../../src/domain/policy/calendar.ts'
import { compile, type CompiledPolicy } from '../../src/domain/policy/compile.ts'
import { parsePolicy } from '../../src/domain/policy/parse.ts'
import type { JudgingContext } from '../../src/domain/policy/judging.ts'
import type { Refusal } from '../../src/domain/refusal.ts'
import { subjectDecider } from '../../src/domain/subject/decider.ts'
import type { SubjectCommand } from '../../src/domain/subject/commands.ts'
import type { SubjectEvent } from '../../src/domain/subject/events.ts'
import { initialSubject, type SubjectState } from '../../src/domain/subject/state.ts'
import {
  CategoryKey,
  Day,
  EventId,
  Position,
  PurposeKey,
  RecipientId,
  Reference,
  Revision,
  SubjectId,
  type Instant,
} from '../../src/domain/values.ts'
import type { LineWithOrigin } from '../../src/import/import-all.ts'
import { normalize } from '../../src/vault/identifiers.ts'

const root = path.join(import.meta.dirname, '../..')

/** A policy of the repository, made ready. */
export async function loadPolicy(file: string): Promise<CompiledPolicy> {
  const parsed = parsePolicy(parse(await readFile(path.join(root, 'policies', file), 'utf8')))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed))
  return compile(parsed.policy)
}

const Recipients = z.object({
  recipients: z.array(
    z.object({
      recipient: RecipientId,
      recipientClass: z.string(),
      contracts: z.array(
        z.object({
          reference: Reference,
          from: Day,
          until: Day.nullable(),
          purposes: z.array(PurposeKey),
          categories: z.union([z.literal('any'), z.array(CategoryKey)]),
        }),
      ),
    }),
  ),
})

/** The recipients of the example, as registered. */
export async function loadRecipients(): Promise<Map<string, RecipientStanding>> {
  const text = await readFile(path.join(root, 'examples/symphony/recipients.yaml'), 'utf8')
  const { recipients } = Recipients.parse(parse(text))
  return new Map(recipients.map((one) => [one.recipient, { ...one, suspendedSince: null }]))
}

/**
 * Judges lines with the deciders of the domain and the normalization of the vault, and forgets the
 * events: the reading side and the rules over a whole import, without its stores.
 */
export class Judging {
  readonly subjects = new Map<string, SubjectState>()
  /** What was said, line by line. */
  readonly flagged: { line: Line; refusals: readonly Refusal[] }[] = []
  readonly refused: { line: Line; refusals: readonly Refusal[] }[] = []
  private readonly policy: CompiledPolicy
  private readonly recipients: ReadonlyMap<string, RecipientStanding>
  private readonly byIdentifier = new Map<string, string>()
  private readonly answers = new Map<string, LineOutcome>()
  private events = 0

  constructor(policy: CompiledPolicy, recipients: ReadonlyMap<string, RecipientStanding>) {
    this.policy = policy
    this.recipients = recipients
  }

  get position(): Position {
    return Position.parse(this.events)
  }

  readonly record = async (lines: readonly LineWithOrigin[]): Promise<LineOutcome[]> =>
    lines.map(({ line, operation }) => {
      const earlier = this.answers.get(operation.key)
      if (earlier) return { ...earlier, repeated: true } as LineOutcome
      const outcome = this.decide(line)
      this.answers.set(operation.key, outcome)
      return outcome
    })

  private decide(line: Line): LineOutcome {
    const at = line.occurredAt
    if (!at) throw new Error('an observed line without a time')
    const given = { at, on: dayOf(at, this.policy.timeZone), eventId: this.nextId() }
    if (!isAboutPerson(line)) {
      const command = activityCommand(line, given)
      const decision = activityDecider.decide(command, { status: 'open' }, this.context(line))
      return this.answer(line, null, decision)
    }
    const subject = this.identify(line)
    if (typeof subject !== 'string') return subject
    const state = this.subjects.get(subject) ?? initialSubject()
    const command = subjectCommand(line, given)
    const decision = subjectDecider.decide(command, state, this.context(line))
    this.subjects.set(subject, this.fold(state, decision.events, at))
    return this.answer(line, subject, decision)
  }

  private fold(state: SubjectState, events: readonly SubjectEvent[], at: Instant): SubjectState {
    let next = state
    for (const event of events) {
      const recorded = { id: this.nextId(), revision: Revision.parse(this.events), occurredAt: at }
      next = subjectDecider.evolve(next, event, recorded)
      if (event.type !== 'DeletionRequested') continue
      const { deletion, lots, on } = event.data
      const command: SubjectCommand = {
        ...{ type: 'CompleteDeletion', at, on, eventId: this.nextId(), deletion },
        ...{ source: 'test' as never, lots: lots.map(({ lot }) => lot) },
      }
      const decision = subjectDecider.decide(command, next, this.contextFor(null))
      next = this.fold(next, decision.events, at)
    }
    return next
  }

  private identify(line: Extract<Line, { subject: unknown }>): string | LineOutcome {
    if ('subject' in line.subject) return line.subject.subject
    const keys: string[] = []
    for (const [index, identifier] of line.subject.identifiers.entries()) {
      const normal = normalize(identifier)
      const field = `subject.identifiers.${index}`
      if (!normal.ok) return { outcome: 'invalid', field, rule: normal.rule }
      keys.push(`${normal.scheme}:${normal.value}`)
    }
    const known = keys.map((key) => this.byIdentifier.get(key)).find((one) => one !== undefined)
    const subject = known ?? (this.byIdentifier.size + 1).toString(16).padStart(32, '0')
    for (const key of keys) if (!this.byIdentifier.has(key)) this.byIdentifier.set(key, subject)
    return subject
  }

  private answer(
    line: Line,
    subject: string | null,
    decision: ReturnType<typeof subjectDecider.decide> | ReturnType<typeof activityDecider.decide>,
  ): LineOutcome {
    const flagged = decision.events.flatMap((event) =>
      'judgement' in event.data && event.data.judgement.outcome === 'violated'
        ? event.data.judgement.violations
        : [],
    )
    if (flagged.length > 0) this.flagged.push({ line, refusals: flagged })
    const events = decision.events.map(({ type }) => ({
      ...{ id: this.nextId(), type, revision: Revision.parse(0) },
      position: this.position,
    }))
    const common = {
      ...{ stream: `subject-test/${subject}` as never, position: this.position, repeated: false },
      ...{ events, flagged, subject: subject === null ? null : SubjectId.parse(subject) },
    }
    if (decision.outcome === 'recorded') return { ...common, outcome: 'recorded' }
    this.refused.push({ line, refusals: decision.refusals })
    return { ...common, outcome: 'refused', refusals: decision.refusals }
  }

  private context(line: Line): JudgingContext {
    const act = actOf(line)
    return this.contextFor(act?.act === 'share' ? act.recipient : null)
  }

  private contextFor(recipient: string | null): JudgingContext {
    const standing = recipient === null ? null : (this.recipients.get(recipient) ?? null)
    return { policy: this.policy, recipient: standing, transferUnderWay: false }
  }

  private nextId(): EventId {
    this.events += 1
    return EventId.parse(`018f0000-0000-7000-8000-${this.events.toString(16).padStart(12, '0')}`)
  }
}
