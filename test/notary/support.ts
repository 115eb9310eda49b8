import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { streamName, type StreamName } from '../../src/domain/envelope.ts'
import type { ControllerId, Instant, Revision } from '../../src/domain/values.ts'
import { START } from '../../src/domain/values.ts'
import { newEventId } from '../../src/ledger/event-id.ts'
import {
  NO_STREAM,
  type EventLog,
  type EventReader,
  type LogRecord,
} from '../../src/ledger/event-log.ts'
import { openSqliteEventLog } from '../../src/ledger/sqlite/event-log.ts'
import { createNotary } from '../../src/notary/create-notary.ts'
import { isLeaf, leafOf } from '../../src/notary/leaves.ts'
import type { Notary } from '../../src/notary/notary.ts'
import type { VerifierKey } from '../../src/proof/note.ts'
import { rootOf, type Hash } from '../../src/proof/merkle.ts'
import { mapRoot, streamKey } from '../../src/proof/stream-map.ts'
import { encode } from '../../src/ledger/codec.ts'
import { sampleFields } from '../support/sample-events.ts'

export const acme = 'acme-store' as ControllerId
export const beta = 'beta-store' as ControllerId

/** A ledger with a notary on it, in a directory of its own, without the rest of Custody. */
export type Desk = Readonly<{
  directory: string
  data: string
  ledgerPath: string
  notaryPath: string
  keyFile: string
  log: EventLog
  notary: Notary
  /** Appends so many events to a stream of a controller. */
  tell(controller: ControllerId, person: number, count?: number): Promise<LogRecord[]>
  /** The same files, opened again; `origin` as given. */
  reopen(origin?: string): Promise<Desk>
  /** Another process would do the same. */
  beside(): Promise<Desk>
  close(): Promise<void>
  dispose(): Promise<void>
}>

type DeskOptions = Readonly<{
  origin?: string
  witnesses?: readonly VerifierKey[]
  through?: (log: EventLog) => EventLog
}>

/** Opens it. `through`: what stands between the notary and the log. */
export async function openDesk(
  directory = mkdtempSync(join(tmpdir(), 'custody-notary-')),
  options: DeskOptions = {},
): Promise<Desk> {
  const { origin = 'custody.test', through = (log: EventLog) => log } = options
  const data = join(directory, 'data')
  const ledgerPath = join(data, 'ledger.sqlite')
  const notaryPath = join(data, 'notary.sqlite')
  const keyFile = join(directory, 'keys', 'notary.key')
  mkdirSync(data, { recursive: true })
  const log = await openSqliteEventLog({ path: ledgerPath })
  const notary = createNotary({
    log: through(log),
    ledger: { store: 'sqlite', file: ledgerPath },
    path: notaryPath,
    dataDirectory: data,
    keyFile,
    origin,
    controller: acme,
    witnesses: options.witnesses ?? [],
    now: () => new Date().toJSON() as Instant,
    newId: newEventId,
  })
  let open = true
  const close = async () => {
    if (!open) return
    open = false
    await notary.close()
    await log.close()
  }
  return {
    ...{ directory, data, ledgerPath, notaryPath, keyFile, log, notary },
    tell: (controller, person, count = 1) => tell(log, controller, person, count),
    async reopen(other = origin) {
      await close()
      return openDesk(directory, { origin: other })
    },
    beside: () => openDesk(directory, options),
    close,
    async dispose() {
      await close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The stream of the n-th person of a test. */
export function personStream(controller: ControllerId, person: number): StreamName {
  return streamName('subject', controller, person.toString(16).padStart(32, '0'))
}

async function tell(log: EventLog, controller: ControllerId, person: number, count: number) {
  const stream = personStream(controller, person)
  const before = await log.readStream(stream, 0 as Revision, 1_000_000)
  const records = Array.from({ length: count }, () => {
    const id = newEventId()
    const recordedAt = new Date().toJSON() as Instant
    const body = encode({ ...sampleFields('DataUsed'), controller, id, recordedAt })
    return { id, type: 'DataUsed', body }
  })
  const expected = before.at(-1)?.revision ?? NO_STREAM
  const appended = await log.append(stream, expected, records)
  if (appended.status === 'conflict') throw new Error(`conflict in ${stream}`)
  return [...(await log.readStream(stream, (expected + 1) as Revision, count))]
}

/** All records of a log. */
export async function everything(log: EventReader): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for (;;) {
    const page = await log.readAll(all.at(-1)?.position ?? START, 5_000)
    if (page.length === 0) return all
    all.push(...page)
  }
}

/** What should be signed for a controller's first leaves, by the definitions. */
export async function reference(log: EventReader, controller: ControllerId, size = Infinity) {
  const records = (await everything(log)).filter(
    (record) => isLeaf(record) && record.stream.includes(`-${controller}/`),
  )
  const leaves = records.slice(0, size)
  const heads = new Map<string, { key: Hash; events: number; newest: Hash }>()
  for (const record of leaves) {
    const key = streamKey(record.stream)
    heads.set(record.stream, { key, events: record.revision + 1, newest: leafOf(record) })
  }
  const map = [...heads.values()]
  return {
    size: leaves.length,
    root: rootOf(leaves.map(leafOf)),
    streams: { count: map.length, root: mapRoot(map) },
  }
}
