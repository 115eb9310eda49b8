import { Act, type RecipientStanding } from '../../src/domain/judgement.ts'
import { dayOf } from '../../src/domain/policy/calendar.ts'
import type { CompiledPolicy } from '../../src/domain/policy/compile.ts'
import type { JudgingContext } from '../../src/domain/policy/judging.ts'
import type { Refusal, RefusalCode } from '../../src/domain/refusal.ts'
import type { SubjectCommand } from '../../src/domain/subject/commands.ts'
import { subjectDecider } from '../../src/domain/subject/decider.ts'
import type { SubjectEvent } from '../../src/domain/subject/events.ts'
import type { SubjectState } from '../../src/domain/subject/state.ts'
import {
  Channel,
  EventId,
  Instant,
  PurposeKey,
  Reference,
  Revision,
  SourceId,
} from '../../src/domain/values.ts'

/** What came of a command: the first refusal in precedence, all of them, and what was recorded. */
export type Answer = Readonly<{
  outcome: 'recorded' | 'refused'
  code: RefusalCode | null
  obligation: string | null
  rule: string | null
  refusals: readonly Refusal[]
  events: readonly SubjectEvent[]
  /** The id of the first event. */
  event: EventId
}>

type Options = {
  at?: string
  mode?: 'enforce' | 'observe'
  recipient?: RecipientStanding | null
  transferUnderWay?: boolean
}

const source = SourceId.parse('test')

/**
 * One person whose stream is played through the real decider, event by event, under a real policy. Time
 * goes on by a minute with each command unless a test says when.
 */
export class Person {
  readonly policy: CompiledPolicy | null
  state: SubjectState = subjectDecider.initialState()
  readonly events: SubjectEvent[] = []
  #clock = Date.parse('2014-07-01T12:00:00.000Z')

  constructor(policy: CompiledPolicy | null) {
    this.policy = policy
  }

  /** Records an act given in the words of the policy; `act` is parsed as the API would parse it. */
  act(act: Record<string, unknown>, options: Options = {}): Answer {
    const property = this.policy?.source.properties[0] ?? 'www.example.org'
    const parsed = Act.parse({ property, ...act })
    const mode = options.mode ?? 'enforce'
    return this.#play({ type: 'RecordAct', act: parsed, mode, fields: {} }, options)
  }

  giveConsent(purpose: string, options: Options = {}): Answer {
    return this.#play({ type: 'GiveConsent', ...change(purpose, options), evidence: null }, options)
  }

  withdrawConsent(purpose: string, options: Options = {}): Answer {
    return this.#play({ type: 'WithdrawConsent', ...change(purpose, options) }, options)
  }

  object(purpose: string, options: Options = {}): Answer {
    return this.#play({ type: 'Object', ...change(purpose, options) }, options)
  }

  liftObjection(purpose: string, options: Options = {}): Answer {
    return this.#play({ type: 'LiftObjection', ...change(purpose, options) }, options)
  }

  openAccount(options: Options = {}): Answer {
    return this.#play({ type: 'OpenAccount', mode: options.mode ?? 'enforce' }, options)
  }

  closeAccount(options: Options = {}): Answer {
    const mode = options.mode ?? 'enforce'
    return this.#play({ type: 'CloseAccount', mode, reason: 'asked by email' }, options)
  }

  requestErasure(): Answer {
    const scope = { everything: true } as const
    const deletion = Reference.parse('erasure-1')
    const asked = { deletion, cause: 'request', scope, request: null } as const
    return this.#play({ type: 'RequestDeletion', ...asked }, {})
  }

  completeErasure(): Answer {
    const deletion = Reference.parse('erasure-1')
    const lots = [...this.state.lots.keys()]
    return this.#play({ type: 'CompleteDeletion', deletion, lots }, {})
  }

  #play(asked: Asked, options: Options): Answer {
    this.#clock += 60_000
    const at = Instant.parse(options.at ?? new Date(this.#clock).toJSON())
    const on = dayOf(at, this.policy?.timeZone ?? ('UTC' as CompiledPolicy['timeZone']))
    const event = eventId(this.events.length)
    const command = { ...asked, at, on, source, eventId: event }
    const context: JudgingContext = {
      policy: this.policy,
      recipient: options.recipient ?? null,
      transferUnderWay: options.transferUnderWay ?? false,
    }
    const decision = subjectDecider.decide(command, this.state, context)
    decision.events.forEach((each, index) => {
      const revision = Revision.parse(this.events.length)
      const id = index === 0 ? event : eventId(this.events.length)
      this.state = subjectDecider.evolve(this.state, each, { id, revision, occurredAt: at })
      this.events.push(each)
    })
    const refusals = decision.outcome === 'refused' ? decision.refusals : []
    const [first] = refusals
    return {
      outcome: decision.outcome,
      code: first?.code ?? null,
      obligation: first?.obligation ?? null,
      rule: first?.rule ?? null,
      refusals,
      events: decision.events,
      event,
    }
  }
}

type Unstamped<C> = C extends SubjectCommand ? Omit<C, 'at' | 'on' | 'source' | 'eventId'> : never
type Asked = Unstamped<SubjectCommand>

function change(purpose: string, { mode = 'enforce' }: Options) {
  return { purpose: PurposeKey.parse(purpose), channel: Channel.parse('email'), mode }
}

function eventId(number: number): EventId {
  return EventId.parse(`01890000-0000-7000-8000-${number.toString(16).padStart(12, '0')}`)
}
