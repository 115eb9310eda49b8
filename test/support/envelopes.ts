import {
  streamName,
  type Envelope,
  type Sealed,
  type StreamKind,
} from '../../src/domain/envelope.ts'
import type { LedgerEvent } from '../../src/domain/envelope.ts'
import type { Judgement } from '../../src/domain/judgement.ts'
import type { RefusalCode } from '../../src/domain/refusal.ts'
import type { Retention } from '../../src/domain/subject/events.ts'
import type {
  CalendarDuration,
  CategoryKey,
  ControllerId,
  Day,
  EventId,
  Instant,
  Lot,
  Position,
  Principal,
  PurposeKey,
  Revision,
  SubjectId,
} from '../../src/domain/values.ts'
import { encode } from '../../src/ledger/codec.ts'
import { NO_STREAM, type EventLog } from '../../src/ledger/event-log.ts'

export const symphony = 'symphony-commerce' as ControllerId

/** The pseudonym of the n-th person of a test. */
export function pseudonym(n: number): SubjectId {
  return n.toString(16).padStart(32, 'a') as SubjectId
}

/** The n-th event id of a test: a UUID of version 7. */
export function eventId(n: number): EventId {
  const hex = n.toString(16).padStart(12, '0')
  return `0190f000-0000-7000-8000-${hex}` as EventId
}

type DataOf<T extends LedgerEvent['type']> = Extract<LedgerEvent, { type: T }>['data']

/** One event as a test tells it; what is left out is filled in. */
export type Told<T extends LedgerEvent['type'] = LedgerEvent['type']> = {
  [K in T]: {
    stream: readonly [kind: StreamKind, id: string]
    type: K
    data: DataOf<K>
    /** `2014-07-01` stands for noon of that day in UTC. */
    at?: string
    recordedAt?: string
    controller?: ControllerId
    principal?: string
    policyVersion?: string
    operation?: { key: string; body: string }
    sealed?: readonly Sealed[]
  }
}[T]

export function instant(text: string): Instant {
  return (text.length === 10 ? `${text}T12:00:00.000Z` : text) as Instant
}

/** Writes events into a log as the ledger would, each with its place. */
export function createChronicle(log: EventLog) {
  const revisions = new Map<string, number>()
  let events = 0
  return {
    /** The position of the event. */
    async tell<T extends LedgerEvent['type']>(told: Told<T>): Promise<Position> {
      const { controller = symphony, type, data } = told
      const [kind, id] = told.stream
      const stream = streamName(kind, controller, id)
      const revision = revisions.get(stream) ?? NO_STREAM
      events += 1
      const occurredAt = instant(told.at ?? '2014-07-01')
      const envelope = {
        id: eventId(events),
        type,
        version: 1,
        controller,
        occurredAt,
        recordedAt: told.recordedAt ? instant(told.recordedAt) : occurredAt,
        principal: (told.principal ?? 'token:test') as Principal,
        correlation: 'test',
        causation: null,
        policyVersion: (told.policyVersion ?? null) as Day | null,
        operation: told.operation ?? null,
        data,
        sealed: told.sealed ?? [],
      } as unknown as Envelope
      const record = { id: envelope.id, type, body: encode(envelope) }
      const appended = await log.append(stream, revision as Revision, [record])
      if (appended.status === 'conflict') throw new Error(`conflict in ${stream}`)
      revisions.set(stream, revision + 1)
      return appended.positions[0]!
    },
  }
}
export type Chronicle = ReturnType<typeof createChronicle>

/** Permitted by these rules. */
export function permitted(...rules: string[]): Judgement {
  return {
    outcome: 'permitted',
    authority: {
      policyVersion: '2014-06-30',
      rules,
      obligations: ['S40'],
      basis: 'contract',
      consent: null,
    },
  } as unknown as Judgement
}

/** It happened, and broke these. */
export function violated(...codes: RefusalCode[]): Judgement {
  return { outcome: 'violated', violations: refusals(...codes) } as unknown as Judgement
}

export function refusals(...codes: RefusalCode[]) {
  return codes.map((code) => ({ code, obligation: 'S6', rule: null, explanation: code })) as never
}

/** Terms of a lot: `{ lot: 'orders/2014-07-01', trigger: 'collection', keep: 'P1Y' }`. */
export function terms(lot: string, trigger: Retention['trigger'], keep: string): Retention {
  const rule = lot.split('/')[0]
  return {
    lot: lot as Lot,
    rule,
    trigger,
    keep: keep as CalendarDuration,
    minimum: null,
  } as Retention
}

type Collected = DataOf<'DataCollected'>

/** A collection of one category for each `category: lot`, under the terms given. */
export function collected(
  on: string,
  items: Record<string, string>,
  lots: readonly Retention[],
  more: Partial<Collected['act']> & { transient?: boolean; judgement?: Judgement } = {},
): Collected {
  const { transient = false, judgement = permitted('r1'), ...act } = more
  const categories = Object.keys(items) as CategoryKey[]
  return {
    on: on as Day,
    mode: 'observe',
    source: 'crm' as Collected['source'],
    act: {
      act: 'collect',
      property: 'www.example.org',
      categories,
      channel: 'web-form',
      kind: 'prospect',
      purposes: ['support'],
      selfIdentified: false,
      ...act,
    } as Collected['act'],
    items: categories.map((category) => ({
      category,
      fields: ['value'],
      lot: items[category] as Lot,
    })),
    lots: [...lots],
    transient,
    judgement,
  }
}

/** A use for a purpose on a day. */
export function used(
  on: string,
  purpose: string,
  more: { optOutOffered?: boolean; judgement?: Judgement; spent?: Lot } = {},
): DataOf<'DataUsed'> {
  return {
    on: on as Day,
    mode: 'observe',
    source: 'mail-provider' as Collected['source'],
    act: {
      act: 'use',
      property: 'www.example.org',
      categories: ['email'],
      purpose: purpose as PurposeKey,
      optOutOffered: more.optOutOffered ?? false,
    } as unknown as DataOf<'DataUsed'>['act'],
    spent: more.spent ?? null,
    judgement: more.judgement ?? permitted('r2'),
  }
}

/** Data of an event as plain words: parsed when it is encoded, so a slip of the pen fails there. */
export function words<T extends LedgerEvent['type']>(
  _type: T,
  data: Record<string, unknown>,
): DataOf<T> {
  return data as unknown as DataOf<T>
}

/** An event whose type is only known when it is told; checked like `words`. */
export function saying(
  stream: Told['stream'],
  type: LedgerEvent['type'],
  data: object,
  more: Partial<Omit<Told, 'stream' | 'type' | 'data'>> = {},
): Told {
  return { stream, type, data, ...more } as unknown as Told
}
