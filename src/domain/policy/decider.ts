import type { Decider, Decision } from '../decision.ts'
import { refuse, type Ground } from './refusing.ts'
import type { RefusalCode } from '../refusal.ts'
import { assertNever, type Channel, type Day } from '../values.ts'
import { addTo } from './calendar.ts'
import type { PolicyCommand } from './commands.ts'
import type { PolicyEvent } from './events.ts'
import { record } from '../step-refused.ts'

type Published = Extract<PolicyEvent, { type: 'PolicyPublished' }>['data']
type Version = Readonly<{
  effective: Day
  digest: string
  notice: Published['notice']
  notices: readonly Readonly<{ channel: Channel; on: Day }>[]
}>

/** One version of a policy and how far it has come. */
export type PolicyVersion = Version &
  Readonly<
    | { status: 'published' }
    | { status: 'in-force'; from: Day }
    | { status: 'retired'; from: Day; until: Day }
  >

/** All versions, in the order of publication, which is the order of the versions. */
export type PolicyState = { versions: Map<Day, PolicyVersion> }

/** A version and the days on which acts are judged by it; `until` is exclusive, null: still. */
export type VersionInForce = Readonly<{ version: Day; from: Day; until: Day | null }>

/** When which version was, or is, in force: in the order of the days, without overlap. */
export function policyTimeline({ versions }: PolicyState): readonly VersionInForce[] {
  const timeline: VersionInForce[] = []
  for (const [version, known] of versions) {
    if (known.status === 'published') continue
    const until = known.status === 'retired' ? known.until : null
    if (until === null || known.from < until) timeline.push({ version, from: known.from, until })
  }
  return timeline.sort((a, b) => (a.from < b.from ? -1 : 1))
}

/** S1: the version that acts of a day are judged by; null where none is in force. */
export function versionInForce(timeline: readonly VersionInForce[], day: Day): Day | null {
  const found = timeline.findLast(
    ({ from, until }) => from <= day && (until === null || day < until),
  )
  return found?.version ?? null
}

/** The life of one policy, version by version (S1, S43). */
export const policyDecider: Decider<PolicyState, PolicyCommand, PolicyEvent, undefined> = {
  initialState: () => ({ versions: new Map() }),
  decide,
  evolve,
}

function decide(command: PolicyCommand, state: PolicyState): Decision<PolicyEvent> {
  switch (command.type) {
    case 'PublishPolicy':
      return publish(command, state)
    case 'GivePolicyNotice':
      return giveNotice(command, state)
    case 'BringPolicyIntoEffect':
      return bringIntoEffect(command, state)
    case 'RetirePolicy':
      return retire(command, state)
    default:
      return assertNever(command)
  }
}

type Command<T extends PolicyCommand['type']> = Extract<PolicyCommand, { type: T }>

/** A published version is never changed: a correction is a new version, with a later day. */
function publish(
  command: Command<'PublishPolicy'>,
  { versions }: PolicyState,
): Decision<PolicyEvent> {
  const { policy, document, digest } = command
  const { version, effective, notice } = policy
  const ground = { obligation: notice.obligation }
  const same = versions.get(version)
  if (same?.digest === digest) return record()
  if (same) {
    const explanation = `Version ${version} was published with another text; publish a later one.`
    return refused(command, version, 'already_exists', explanation, ground)
  }
  const latest = [...versions.keys()].at(-1)
  if (latest !== undefined && version <= latest) {
    const explanation = `The version must be later than ${latest}, the latest one published.`
    return refused(command, version, 'version_not_newer', explanation, ground)
  }
  const { channels, before, obligation } = notice
  const data = { version, effective, document, digest, notice: { channels, before, obligation } }
  return record<PolicyEvent>({ type: 'PolicyPublished', version: 1, data })
}

function giveNotice(
  command: Command<'GivePolicyNotice'>,
  { versions }: PolicyState,
): Decision<PolicyEvent> {
  const { version, channel, on, evidence } = command
  const known = versions.get(version)
  if (!known) return notFound(command)
  if (known.status === 'retired') {
    return refused(command, version, 'wrong_status', 'The version is retired.')
  }
  if (known.notices.some((notice) => notice.channel === channel && notice.on === on)) {
    return record()
  }
  const data = { version, channel, on, evidence }
  return record<PolicyEvent>({ type: 'PolicyNoticeGiven', version: 1, data })
}

/**
 * S43: from the effective day, or where the notice came too late for that, from the day that the notice
 * was long enough before. The version that was in force is retired from the same day.
 */
function bringIntoEffect(
  command: Command<'BringPolicyIntoEffect'>,
  state: PolicyState,
): Decision<PolicyEvent> {
  const { version, on } = command
  const known = state.versions.get(version)
  if (!known) return notFound(command)
  if (known.status === 'in-force') return record()
  if (known.status === 'retired') {
    return refused(command, version, 'wrong_status', 'The version is retired.')
  }
  const ground = { obligation: known.notice.obligation }
  if (on < known.effective) {
    const explanation = `It takes effect on ${known.effective}, and that day has not come.`
    return refused(command, version, 'not_yet_effective', explanation, ground)
  }
  const announced = announcedFrom(known, on)
  if (announced === null || on < announced) {
    const { channels, before } = known.notice
    const explanation =
      announced === null
        ? `It was not announced over ${channels.join(' or ')}; give notice first.`
        : `It was announced too late: with ${before} of notice it can take effect on ${announced}.`
    return refused(command, version, 'notice_missing', explanation, ground)
  }
  const from = announced > known.effective ? announced : known.effective
  const current = policyTimeline(state).at(-1)
  if (current && (version <= current.version || from <= current.from)) {
    const explanation = `Version ${current.version} is in force from ${current.from}, which is not before.`
    return refused(command, version, 'version_not_newer', explanation, ground)
  }
  const events: PolicyEvent[] = []
  if (current?.until === null) {
    const reason = `superseded by version ${version}`
    const data = { version: current.version, from, reason }
    events.push({ type: 'PolicyRetired', version: 1, data })
  }
  events.push({ type: 'PolicyTookEffect', version: 1, data: { version, from } })
  return record(...events)
}

/** The first day on which it may take effect by the notices given up to a day; null: none was given. */
function announcedFrom({ notice, notices }: Version, by: Day): Day | null {
  const days = notices
    .filter(({ channel, on }) => on <= by && notice.channels.includes(channel))
    .map(({ on }) => addTo(on, notice.before))
    .sort()
  return days[0] ?? null
}

function retire(
  command: Command<'RetirePolicy'>,
  { versions }: PolicyState,
): Decision<PolicyEvent> {
  const { version, from, reason } = command
  const known = versions.get(version)
  if (!known) return notFound(command)
  if (known.status === 'retired' && known.until === from) return record()
  if (known.status !== 'in-force') {
    return refused(command, version, 'wrong_status', 'The version is not in force.')
  }
  if (from < known.from) {
    const explanation = `It came into force on ${known.from}; it cannot be retired from before that.`
    return refused(command, version, 'wrong_status', explanation)
  }
  return record<PolicyEvent>({ type: 'PolicyRetired', version: 1, data: { version, from, reason } })
}

function notFound(command: Exclude<PolicyCommand, { type: 'PublishPolicy' }>) {
  const explanation = `Version ${command.version} was never published.`
  return refused(command, command.version, 'not_found', explanation)
}

function refused(
  command: PolicyCommand,
  version: Day,
  code: RefusalCode,
  explanation: string,
  ground: Ground = {},
): Decision<PolicyEvent> {
  const refusals = [refuse(code, ground, explanation)]
  const data = { version, command: command.type, refusals }
  return {
    outcome: 'refused',
    refusals,
    events: [{ type: 'PolicyStepRefused', version: 1, data }],
  }
}

function evolve(state: PolicyState, event: PolicyEvent): PolicyState {
  const { versions } = state
  switch (event.type) {
    case 'PolicyPublished': {
      const { version, effective, digest, notice } = event.data
      versions.set(version, { status: 'published', effective, digest, notice, notices: [] })
      return state
    }
    case 'PolicyNoticeGiven': {
      const { version, channel, on } = event.data
      const known = versions.get(version)
      if (known) versions.set(version, { ...known, notices: [...known.notices, { channel, on }] })
      return state
    }
    case 'PolicyTookEffect': {
      const { version, from } = event.data
      const known = versions.get(version)
      if (known) versions.set(version, { ...known, status: 'in-force', from })
      return state
    }
    case 'PolicyRetired': {
      const { version, from: until } = event.data
      const known = versions.get(version)
      if (known?.status === 'in-force')
        versions.set(version, { ...known, status: 'retired', until })
      return state
    }
    case 'PolicyStepRefused':
      return state
    default:
      return assertNever(event)
  }
}
