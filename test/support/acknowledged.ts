import { expect } from 'vitest'
import type { LineInput } from '../../src/application/lines.ts'
import type { LineOutcome } from '../../src/application/services.ts'
import { streamParts, type Envelope } from '../../src/domain/envelope.ts'
import { SubjectId, type Position } from '../../src/domain/values.ts'
import { decode } from '../../src/ledger/codec.ts'
import type { EventReader } from '../../src/ledger/event-log.ts'
import { dumpViews } from '../../src/projections/dump.ts'
import { open } from '../../src/vault/sealing.ts'
import type { Vault } from '../../src/vault/vault.ts'
import { symphony, type Stack } from './stack.ts'

/** What `ledger-load-process.ts` was told, and said so. */
export type Said = { key: string; line: LineInput; outcome: LineOutcome }
export type Acknowledged = { lines: Said[]; erased: Set<string>; heap: number[] }

/** The whole lines of what a process wrote until it was killed. */
export function acknowledgedIn(written: readonly string[]): Acknowledged {
  const all: Acknowledged = { lines: [], erased: new Set(), heap: [] }
  for (const line of written.slice(0, -1)) {
    const one = JSON.parse(line) as 'ready' | Said | { erased: string } | { heap: number }
    if (one === 'ready') continue
    if ('erased' in one) all.erased.add(one.erased)
    else if ('heap' in one) all.heap.push(one.heap)
    else all.lines.push(one)
  }
  return all
}

/** All events behind a position, decoded. */
export async function eventsAfter(reader: EventReader, after: Position): Promise<Envelope[]> {
  const all: Envelope[] = []
  for (;;) {
    const page = await reader.readAll(all.at(-1)?.position ?? after, 5000)
    if (page.length === 0) return all
    all.push(...page.map(decode))
  }
}

/** The events that each kind of line leads to, in one append. */
const whole: Record<string, readonly string[]> = {
  collect: ['DataCollected'],
  open: ['AccountOpened'],
  update: ['DataUsed'],
  refused: ['ActRefused'],
  referral: ['DataCollected'],
  mailed: ['DataUsed', 'DeletionRequested'],
}

/** Each line's events are all there, once and in their order; a spent lot's deletion may follow. */
export function expectNoHalf(events: readonly Envelope[]): void {
  const lines = Map.groupBy(
    events.filter(({ operation }) => operation !== null),
    ({ correlation }) => correlation,
  )
  for (const [key, written] of lines) {
    const kind = key.split('.').at(-1)!
    expect(
      written.map(({ type }) => type),
      key,
    ).toEqual(whole[kind])
    expect(written.map(({ revision }) => revision - written[0]!.revision)).toEqual(
      written.map((_, index) => index),
    )
  }
}

/** What was answered is in the ledger, where it was said to be. */
export function expectAcknowledged(events: readonly Envelope[], { lines }: Acknowledged): void {
  const byId = new Map(events.map((event) => [event.id as string, event]))
  for (const { key, outcome } of lines) {
    if (outcome.outcome !== 'recorded' && outcome.outcome !== 'refused') {
      throw new Error(`${key}: ${JSON.stringify(outcome)}`)
    }
    expect(outcome.outcome, key).toBe(key.endsWith('.refused') ? 'refused' : 'recorded')
    for (const { id, position, revision, type } of outcome.events) {
      expect(byId.get(id), `lost: ${type} of ${key}`).toMatchObject({ position, revision, type })
    }
  }
}

/** What is deleted cannot be opened, what is being deleted may be, and all else can be. */
export async function expectSealsOpen(events: readonly Envelope[], vault: Vault): Promise<number> {
  const deleting = new Set<string>()
  const deleted = new Set<string>()
  for (const event of events) {
    const lots =
      event.type === 'DeletionRequested' || event.type === 'DataDeleted' ? event.data.lots : []
    const set = event.type === 'DataDeleted' ? deleted : deleting
    for (const { lot } of lots) set.add(`${event.stream} ${lot}`)
  }
  let opened = 0
  for (const { stream, id, sealed } of events) {
    if (sealed.length === 0) continue
    const subject = SubjectId.parse(streamParts(stream).id)
    const keys = await vault.openKeys(symphony, subject, sealed)
    for (const [index, box] of sealed.entries()) {
      const key = keys[index] ?? null
      const lot = `${stream} ${box.lot}`
      if (deleted.has(lot)) expect(key, `${lot} is deleted`).toBeNull()
      else if (!deleting.has(lot)) {
        expect(key, `the key of ${box.category} in ${lot}`).not.toBeNull()
        const place = { controller: symphony, subject, eventId: id }
        expect(open(place, key!, box)).toMatchObject({ ok: true })
        opened += 1
      }
    }
  }
  return opened
}

/** The views hold what the ledger does, and a rebuild gives the same to the byte. */
export async function expectViewsGrownAsRebuilt(
  grown: Stack,
  events: readonly Envelope[],
): Promise<void> {
  const { custody, configuration } = grown
  expect(custody.views.position()).toBe(await custody.log.head())
  expect(custody.views.counts(symphony).events).toBe(events.length)
  const before = [...dumpViews(configuration.viewsFile)]
  await custody.rebuild(() => undefined)
  expect([...dumpViews(configuration.viewsFile)]).toEqual(before)
}
