import { streamParts, type Sealed } from '../domain/envelope.ts'
import type { CategoryKey, EventId, SubjectId } from '../domain/values.ts'
import { decode } from '../ledger/codec.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import type { Executor } from '../ledger/execute-types.ts'
import { disclose } from '../vault/sealing.ts'
import type { DataKey, Vault } from '../vault/vault.ts'
import type { Register } from './register.ts'
import type { Caller } from './services.ts'
import { takeSubjectStep } from './subject-step.ts'

/** The sealed values of one category of one event; every category of it where none is named. */
export type BoxAsked = Readonly<{ record: LogRecord; category: CategoryKey | null }>

/** What opens one box and no other, for somebody who has the event: see `proof/commitment.ts`. */
export type BoxDisclosed = Readonly<{
  event: EventId
  category: CategoryKey
  opening: string
  text: string
}>

/**
 * `no_values`: nothing of the kind is sealed there. `destroyed`: the key is gone, and the values with it.
 * `no_commitment`: sealed by a first version of Custody, which cannot prove single values.
 */
export type NotDisclosed = Readonly<{
  problem: 'no_values' | 'destroyed' | 'no_commitment'
  event: EventId
  category: CategoryKey | null
}>

export type Disclosing = Readonly<
  { ok: true; disclosed: readonly BoxDisclosed[] } | ({ ok: false } & NotDisclosed)
>

/** Opens single boxes for evidence. */
export interface DisclosingService {
  /**
   * All of the boxes or none. That they are read is an event for each person, written before (N10).
   * @throws VaultUnavailable, LogUnavailable
   */
  disclose(caller: Caller, boxes: readonly BoxAsked[]): Promise<Disclosing>
}

type Deps = Readonly<{ executor: Executor; vault: Vault; register: Register }>
type Box = Readonly<{ subject: SubjectId; event: EventId; sealed: Sealed; key: DataKey }>
type Found = Readonly<{ ok: true; boxes: readonly Box[] } | ({ ok: false } & NotDisclosed)>

/** The service on its stores. */
export function createDisclosing(deps: Deps): DisclosingService {
  return {
    async disclose(caller, asked) {
      const found = await findBoxes(deps.vault, caller, asked)
      if (!found.ok) return found
      await recordReading(deps, caller, found.boxes)
      return openAll(caller, found.boxes)
    },
  }
}

async function findBoxes(
  vault: Vault,
  { controller }: Caller,
  asked: readonly BoxAsked[],
): Promise<Found> {
  const boxes = new Map<string, Box>()
  for (const { record, category } of asked) {
    const { kind, id } = streamParts(record.stream)
    const { id: event, sealed } = decode(record)
    const chosen = sealed.filter((box) => category === null || box.category === category)
    if (kind !== 'subject' || chosen.length === 0) {
      return { ok: false, problem: 'no_values', event, category }
    }
    const subject = id as SubjectId
    const keys = await vault.openKeys(controller, subject, chosen)
    for (const [at, box] of chosen.entries()) {
      const key = keys[at]
      // After a deletion there may be a newer key of the same lot: it opens nothing of before.
      if (!key || key.id !== box.key) {
        return { ok: false, problem: 'destroyed', event, category: box.category }
      }
      boxes.set(`${event} ${box.category}`, { subject, event, sealed: box, key })
    }
  }
  return { ok: true, boxes: [...boxes].toSorted(byName).map(([, box]) => box) }
}

/** One event for each person, of the categories that are about to be read. */
async function recordReading(
  { executor, register }: Deps,
  caller: Caller,
  boxes: readonly Box[],
): Promise<void> {
  const { timeZone } = await register.ready(caller.controller)
  for (const subject of new Set(boxes.map((box) => box.subject))) {
    const own = boxes.filter((box) => box.subject === subject)
    const categories = [...new Set(own.map(({ sealed }) => sealed.category))].sort()
    const command = {
      type: 'RecordAccess',
      reason: 'inspection',
      categories,
      request: null,
    } as const
    const answer = await takeSubjectStep(executor, caller, { subject, at: null, timeZone, command })
    if (answer.outcome === 'refused') {
      throw new Error(`couldn't record that values of ${subject} are read: the person is erased`)
    }
  }
}

function openAll({ controller }: Caller, boxes: readonly Box[]): Disclosing {
  const disclosed: BoxDisclosed[] = []
  for (const { subject, event, sealed, key } of boxes) {
    const { category } = sealed
    const opened = disclose({ controller, subject, eventId: event }, key, sealed)
    if (opened.ok) disclosed.push({ event, category, ...opened.disclosure })
    else if (opened.reason === 'unknown-format') {
      return { ok: false, problem: 'no_commitment', event, category }
    } else throw new Error(`couldn't open ${category} of event ${event}: ${opened.reason}`)
  }
  return { ok: true, disclosed }
}

function byName([one]: readonly [string, Box], [other]: readonly [string, Box]): number {
  return one < other ? -1 : 1
}
