import { streamName, type Envelope, type Sealed } from '../domain/envelope.ts'
import { subjectDecider } from '../domain/subject/decider.ts'
import type { SubjectEvent } from '../domain/subject/events.ts'
import {
  type CategoryKey,
  type ControllerId,
  type Revision,
  type SubjectId,
} from '../domain/values.ts'
import { decode } from '../ledger/codec.ts'
import type { EventReader } from '../ledger/event-log.ts'
import type { Executor } from '../ledger/execute-types.ts'
import { open } from '../vault/sealing.ts'
import type { Vault } from '../vault/vault.ts'
import type { SubjectReference } from './lines.ts'
import type { Register } from './register.ts'
import type { Caller, SubjectExport, SubjectService } from './services.ts'
import { takeSubjectStep } from './subject-step.ts'

type Deps = Readonly<{
  executor: Executor
  reader: EventReader
  vault: Vault
  register: Register
}>

const PAGE = 1_000

/** Finds people and opens what is held on them; every opening is an event first (N10). */
export function createSubjects(deps: Deps): SubjectService {
  return {
    find: (caller, subject) => findSubject(deps, caller.controller, subject),
    async export(caller, { subject: reference, request, reason }) {
      const subject = await findSubject(deps, caller.controller, reference)
      if (!subject) return null
      await recordAccess(deps, caller, subject, { request, reason })
      return readExport(deps, caller.controller, subject)
    },
  }
}

/** The pseudonym of a person; null when nobody of that name is in this controller's custody. */
export async function findSubject(
  { vault, reader }: Pick<Deps, 'vault' | 'reader'>,
  controller: ControllerId,
  reference: SubjectReference,
): Promise<SubjectId | null> {
  if ('identifiers' in reference) return vault.find(controller, reference.identifiers)
  const stream = streamName('subject', controller, reference.subject)
  const known = await reader.readStream(stream, 0 as Revision, 1)
  return known.length > 0 ? reference.subject : null
}

async function recordAccess(
  { executor, register }: Deps,
  caller: Caller,
  subject: SubjectId,
  step: Pick<Parameters<SubjectService['export']>[1], 'request' | 'reason'>,
): Promise<void> {
  const { timeZone } = await register.ready(caller.controller)
  const stream = streamName('subject', caller.controller, subject)
  const categories = await executor.load(stream, subjectDecider, ({ state }) =>
    [...state.holdings].flatMap(([category, purposes]) =>
      [...purposes.values()].some(({ lots }) => lots > 0) ? [category] : [],
    ),
  )
  const { reason, request } = step
  const command = { type: 'RecordAccess', reason, categories: categories.sort(), request } as const
  await takeSubjectStep(executor, caller, { subject, at: null, timeZone, command })
}

type Item = SubjectExport['items'][number]

/** Reads the subject's stream once and opens what its keys still open. */
async function readExport(
  deps: Deps,
  controller: ControllerId,
  subject: SubjectId,
): Promise<SubjectExport> {
  const items: Item[] = []
  const consents = new Map<string, SubjectExport['consents'][number]>()
  const disclosures: SubjectExport['disclosures'][number][] = []
  let position: SubjectExport['position'] | null = null
  for await (const event of streamOf(deps.reader, controller, subject)) {
    position = event.position
    items.push(...(await openItems(deps.vault, controller, subject, event)))
    const status = consentStatus[event.type]
    if (status && 'purpose' in event.data) {
      const { purpose } = event.data
      consents.set(`${purpose} ${status.matter}`, {
        purpose,
        status: status.status,
        since: event.occurredAt,
      })
    }
    if (event.type === 'DataShared') {
      const { recipient, purpose, categories } = event.data.act
      disclosures.push({ recipient, purpose, at: event.occurredAt, categories })
    }
  }
  if (position === null) throw new Error('couldn’t export: the subject has no stream')
  const isHeld = await whatIsHeld(deps, controller, subject)
  return {
    controller,
    subject,
    position,
    items: items.filter(isHeld),
    consents: [...consents.values()],
    disclosures,
  }
}

const consentStatus: Partial<
  Record<SubjectEvent['type'], { matter: 'consent' | 'objection'; status: string }>
> = {
  ConsentRequested: { matter: 'consent', status: 'requested' },
  ConsentGiven: { matter: 'consent', status: 'given' },
  ConsentRefused: { matter: 'consent', status: 'refused' },
  ConsentWithdrawn: { matter: 'consent', status: 'withdrawn' },
  ConsentExpired: { matter: 'consent', status: 'expired' },
  ObjectionMade: { matter: 'objection', status: 'objected' },
  ObjectionCarriedOver: { matter: 'objection', status: 'objected' },
  ObjectionLifted: { matter: 'objection', status: 'objection lifted' },
}

/** Whether the stream still holds the category of an item in its lot. */
function whatIsHeld({ executor }: Deps, controller: ControllerId, subject: SubjectId) {
  return executor.load(streamName('subject', controller, subject), subjectDecider, ({ state }) => {
    const held = new Map(
      [...state.lots].map(([lot, { contents }]) => [lot, new Set(contents.keys())]),
    )
    return ({ lot, category }: Item) => held.get(lot)?.has(category) ?? false
  })
}

async function openItems(
  vault: Vault,
  controller: ControllerId,
  subject: SubjectId,
  event: Envelope<SubjectEvent>,
): Promise<Item[]> {
  if (event.type !== 'DataCollected' && event.type !== 'DataCorrected') return []
  const corrected = event.type === 'DataCorrected'
  const keys = await vault.openKeys(controller, subject, event.sealed)
  const boxes = new Map<CategoryKey, { sealed: Sealed; key: (typeof keys)[number] }>()
  for (const [index, sealed] of event.sealed.entries()) {
    boxes.set(sealed.category, { sealed, key: keys[index] ?? null })
  }
  return event.data.items.flatMap(({ category, lot }) => {
    const box = boxes.get(category)
    const opened = box?.key
      ? open({ controller, subject, eventId: event.id }, box.key, box.sealed)
      : null
    if (opened && !opened.ok) {
      // Its own key was destroyed with a deletion; this one is of what was given since.
      if (opened.reason === 'another-key') return []
      throw new Error(`couldn’t open ${category} of event ${event.id}`)
    }
    const item = {
      category,
      lot,
      collectedAt: event.occurredAt,
      source: event.data.source,
      purposes: event.type === 'DataCollected' ? event.data.act.purposes : [],
      values: opened?.values ?? null,
      corrected,
    }
    return [item]
  })
}

async function* streamOf(
  reader: EventReader,
  controller: ControllerId,
  subject: SubjectId,
): AsyncGenerator<Envelope<SubjectEvent>> {
  const stream = streamName('subject', controller, subject)
  for (let from = 0; ; from += PAGE) {
    const records = await reader.readStream(stream, from as Revision, PAGE)
    for (const record of records) yield decode(record) as Envelope<SubjectEvent>
    if (records.length < PAGE) return
  }
}
