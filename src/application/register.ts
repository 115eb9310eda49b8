import { parse } from 'yaml'
import type { Decider } from '../domain/decision.ts'
import { streamName, type Envelope, type LedgerEvent, type StreamName } from '../domain/envelope.ts'
import type { RecipientStanding } from '../domain/judgement.ts'
import { dayOf } from '../domain/policy/calendar.ts'
import { compile, type CompiledPolicy } from '../domain/policy/compile.ts'
import {
  policyDecider,
  policyTimeline,
  versionInForce,
  type PolicyState,
} from '../domain/policy/decider.ts'
import type { PolicyEvent } from '../domain/policy/events.ts'
import { parsePolicy } from '../domain/policy/parse.ts'
import {
  recipientDecider,
  recipientStanding,
  type RecipientState,
} from '../domain/recipient/decider.ts'
import type { RecipientEvent } from '../domain/recipient/events.ts'
import {
  TimeZone,
  type ControllerId,
  type Day,
  type Instant,
  type Property,
  type RecipientId,
  type Reference,
  type Revision,
} from '../domain/values.ts'
import { decode } from '../ledger/codec.ts'
import type { EventReader } from '../ledger/event-log.ts'
import type { Views } from '../projections/views.ts'

/**
 * What judging looks up beside the subject: the policies and the recipients of a controller, as the
 * ledger has them. Few and small, so they are kept whole in memory; `forget` has them read again.
 */
export type Register = Readonly<{
  /** Reads the controller's policies and recipients when they are not in memory. */
  ready(controller: ControllerId): Promise<Known>
  /**
   * As `ready`, and of these recipients what the log says now: what another node has recorded of them, a
   * suspension above all, is known here from the moment on which it was acknowledged there.
   */
  upToDate(controller: ControllerId, recipients: ReadonlySet<RecipientId>): Promise<Known>
  /** Another process, or the projector, saw something of the kind: read anew at the next `ready`. */
  forget(): void
  /** This process wrote to a policy's or a recipient's stream: read anew, and know of it. */
  noteWritten(controller: ControllerId, kind: 'policy' | 'recipient', id: string): void
}>

/** The look-ups of one controller. Synchronous, and unchanging once handed out. */
export type Known = Readonly<{
  /** The version in force at the time; of several policies the one that covers the property. */
  policyAt(at: Instant, property: Property | null): CompiledPolicy | null
  recipient(id: RecipientId): RecipientStanding | null
  /** Where the controller keeps its calendar; UTC while it has published no policy. */
  timeZone: TimeZone
}>

type Recipients = ReadonlyMap<
  RecipientId,
  Readonly<{ standing: RecipientStanding | null; events: number }>
>

type Read = Readonly<{ look: Known; recipients: Recipients }>

type PolicyVersions = Readonly<{
  timeline: ReturnType<typeof policyTimeline>
  compiled: ReadonlyMap<Day, CompiledPolicy>
}>

const UTC = TimeZone.parse('UTC')

/**
 * @param reader where the streams are read
 * @param views tell which policies and recipients there are
 */
export function createRegister(reader: EventReader, views: Views): Register {
  const known = new Map<ControllerId, Promise<Read>>()
  const noted = new Map<ControllerId, { policy: Set<string>; recipient: Set<string> }>()

  const notedOf = (controller: ControllerId) => {
    const found = noted.get(controller) ?? { policy: new Set(), recipient: new Set() }
    noted.set(controller, found)
    return found
  }

  async function read(controller: ControllerId): Promise<Read> {
    const position = views.position()
    const own = notedOf(controller)
    for (const { policy } of views.policies(controller, position)) own.policy.add(policy)
    for (const { recipient } of views.recipients(controller, position)) own.recipient.add(recipient)
    const policies: PolicyVersions[] = []
    for (const id of [...own.policy].sort()) {
      policies.push(await readPolicy(reader, controller, id as Reference))
    }
    const recipients = await readRecipients(reader, controller, own.recipient)
    return { look: lookUps(policies, recipients), recipients }
  }

  function ready(controller: ControllerId): Promise<Read> {
    const found = known.get(controller)
    if (found) return found
    const reading = read(controller)
    known.set(controller, reading)
    // A failed read must not be remembered.
    reading.catch(() => known.delete(controller))
    return reading
  }

  return {
    ready: async (controller) => (await ready(controller)).look,
    async upToDate(controller, recipients) {
      const { look, recipients: before } = await ready(controller)
      const changed = await Promise.all(
        [...recipients].map(async (id) => {
          const stream = streamName('recipient', controller, id)
          const events = before.get(id)?.events ?? 0
          const [next] = await reader.readStream(stream, events as Revision, 1)
          return next === undefined ? [] : [id]
        }),
      )
      if (changed.flat().length === 0) return look
      for (const id of changed.flat()) notedOf(controller).recipient.add(id)
      known.delete(controller)
      return (await ready(controller)).look
    },
    forget: () => known.clear(),
    noteWritten(controller, kind, id) {
      notedOf(controller)[kind].add(id)
      known.delete(controller)
    },
  }
}

function lookUps(policies: readonly PolicyVersions[], recipients: Recipients): Known {
  const first = policies[0]?.compiled.values().next().value
  return {
    timeZone: first?.timeZone ?? UTC,
    recipient: (id) => recipients.get(id)?.standing ?? null,
    policyAt(at, property) {
      let inForce: CompiledPolicy | null = null
      for (const { timeline, compiled } of policies) {
        const zone = compiled.values().next().value?.timeZone
        if (!zone) continue
        const version = versionInForce(timeline, dayOf(at, zone))
        const policy = version ? compiled.get(version) : undefined
        if (!policy) continue
        if (property === null || policy.properties.has(property)) return policy
        inForce ??= policy
      }
      return inForce
    },
  }
}

async function readRecipients(
  reader: EventReader,
  controller: ControllerId,
  ids: ReadonlySet<string>,
): Promise<Recipients> {
  const recipients = new Map<RecipientId, { standing: RecipientStanding | null; events: number }>()
  for (const name of ids) {
    const id = name as RecipientId
    let events = 0
    const state = await fold<RecipientEvent, RecipientState>(
      reader,
      streamName('recipient', controller, id),
      recipientDecider,
      () => (events += 1),
    )
    recipients.set(id, { standing: recipientStanding(state, id), events })
  }
  return recipients
}

async function readPolicy(
  reader: EventReader,
  controller: ControllerId,
  policy: Reference,
): Promise<PolicyVersions> {
  const compiled = new Map<Day, CompiledPolicy>()
  const state = await fold<PolicyEvent, PolicyState>(
    reader,
    streamName('policy', controller, policy),
    policyDecider,
    (event) => {
      if (event.type !== 'PolicyPublished') return
      const parsed = parsePolicy(parse(event.data.document))
      if (!parsed.ok) {
        const why = parsed.problems.map(({ path, rule }) => `${path}: ${rule}`).join('; ')
        throw new Error(`couldn't read policy ${policy} ${event.data.version}: ${why}`)
      }
      compiled.set(event.data.version, compile(parsed.policy))
    },
  )
  return { timeline: policyTimeline(state), compiled }
}

/** Folds a short stream from its beginning, without the cache: always what is stored now. */
export async function fold<E extends LedgerEvent, State>(
  reader: EventReader,
  stream: StreamName,
  decider: Pick<Decider<State, never, E, never>, 'initialState' | 'evolve'>,
  seen: (event: Envelope<E>) => unknown = () => {},
): Promise<State> {
  let state = decider.initialState()
  let from = 0
  for (;;) {
    const records = await reader.readStream(stream, from as Revision, 500)
    for (const record of records) {
      const event = decode(record) as Envelope<E>
      seen(event)
      state = decider.evolve(state, event as unknown as E, event)
    }
    if (records.length < 500) return state
    from += records.length
  }
}
