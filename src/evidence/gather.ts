import { streamName, type StreamName } from '../domain/envelope.ts'
import { assertNever, START, type ControllerId, type Revision } from '../domain/values.ts'
import type { LogRecord } from '../ledger/event-log.ts'
import type { SignedHead } from '../notary/notary.ts'
import type { WholeStream } from '../proof/bundle.ts'
import { everyRow } from '../reports/pages.ts'
import { createPaths, type Paths, type Placed } from './paths.ts'
import { momentsOf } from './period.ts'
import { leavesOfPeriod } from './period-leaves.ts'
import type { Question } from './question.ts'
import { leavesAfter, readAtOnce, type GatherLimits, type Sources } from './sources.ts'

/** The events that answer a question, and what proves that they are all here. */
export type Gathered = Readonly<{
  signed: SignedHead
  range: Readonly<{ first: number; end: number }> | null
  /** By index. */
  placed: readonly Placed[]
  hashes: readonly string[]
  streams: readonly WholeStream[]
}>

/** `nothing_recorded`: the controller has no event. `too_large`: more than the limits allow. */
export type NotGathered = Readonly<{ problem: 'nothing_recorded' | 'too_large' }>

/** How often the newest signed head may move on while a bundle is cut from it. */
const mostAttempts = 10

/** How long the views may take to see what was signed, in milliseconds. */
const waitMs = 30_000

/**
 * Signs what is there and takes the events that answer the question from what was signed.
 *
 * @throws LedgerDiverged, LogUnavailable, ViewsBehind; Error when what is signed moves on all the time
 */
export async function gather(
  sources: Sources,
  controller: ControllerId,
  question: Question,
): Promise<Gathered | NotGathered> {
  for (let tries = 0; tries < mostAttempts; tries += 1) {
    const signed = await sources.notary.checkpoint(controller)
    if (!signed) return { problem: 'nothing_recorded' }
    await sources.views.waitFor(signed.position, waitMs)
    try {
      return await gatherAt(sources, signed, question)
    } catch (error) {
      if (error instanceof TooLarge) return { problem: 'too_large' }
      if (!(error instanceof MovedOn)) throw error
    }
  }
  throw new Error(`couldn't gather evidence of ${controller}: what is signed moves on all the time`)
}

/** Caught in this file: neither is a fault. */
class TooLarge extends Error {}
class MovedOn extends Error {}

async function gatherAt(
  sources: Sources,
  signed: SignedHead,
  question: Question,
): Promise<Gathered> {
  const paths = createPaths(sources.notary, signed.controller, signed.size)
  const meter = createMeter(sources.limits)
  const names = await streamsFor(sources, signed, question)
  const ranged = await rangeFor(sources, paths, signed, question, meter)
  const streams: WholeStream[] = []
  const placed = new Map(ranged.map((one) => [one.index, one]))
  for (const name of names.toSorted()) {
    const whole = await wholeStream(sources, paths, signed, name, meter)
    if (!whole) continue
    streams.push(whole.stream)
    for (const one of whole.placed) placed.set(one.index, one)
  }
  const ordered = [...placed.values()].toSorted((one, other) => one.index - other.index)
  const [first, last] = [ranged[0], ranged.at(-1)]
  return {
    signed,
    range: first && last ? { first: first.index, end: last.index + 1 } : null,
    placed: ordered,
    hashes: await paths.hashesBeside(ordered),
    streams,
  }
}

type Meter = (record: LogRecord) => void

function createMeter(limits: GatherLimits): Meter {
  let [events, characters] = [0, 0]
  return ({ body }) => {
    events += 1
    characters += body.length
    if (events > limits.events || characters > limits.characters) throw new TooLarge()
  }
}

/** The streams that have to be here whole. Where the whole history is here, they are. */
async function streamsFor(
  { views }: Sources,
  { controller, position }: SignedHead,
  question: Question,
): Promise<readonly StreamName[]> {
  const policies = () =>
    views
      .policies(controller, position)
      .map(({ policy }) => streamName('policy', controller, policy))
  switch (question.kind) {
    case 'subject': {
      const { subject } = question
      const streams = new Set([streamName('subject', controller, subject), ...policies()])
      for (const { stream } of everyRow((paging) =>
        views.audit(controller, position, { subject }, paging),
      )) {
        streams.add(stream as StreamName)
      }
      return [...streams]
    }
    case 'period':
      return [...new Set(policies())]
    case 'transfer':
    case 'audit':
      return []
    default:
      return assertNever(question)
  }
}

async function rangeFor(
  sources: Sources,
  paths: Paths,
  signed: SignedHead,
  question: Question,
  meter: Meter,
): Promise<readonly Placed[]> {
  const { controller, size } = signed
  switch (question.kind) {
    case 'subject':
      return []
    case 'period':
      return leavesOfPeriod(sources, paths, signed, momentsOf(question), meter)
    case 'transfer':
    case 'audit': {
      const placed: Placed[] = []
      for await (const record of leavesAfter(sources.log, controller, START)) {
        if (placed.length === size) break
        meter(record)
        placed.push({ record, index: placed.length })
      }
      return placed
    }
    default:
      return assertNever(question)
  }
}

/** Null: the stream had no event when the head was signed. */
async function wholeStream(
  { notary, log }: Sources,
  paths: Paths,
  { controller, size }: SignedHead,
  name: StreamName,
  meter: Meter,
): Promise<Readonly<{ stream: WholeStream; placed: readonly Placed[] }> | null> {
  const proved = await notary.headProof(controller, name)
  if (!proved.ok) throw new Error(`couldn't prove the head of ${name}: ${proved.message}`)
  const { head, proof, signed } = proved.value
  if (signed.size !== size) throw new MovedOn()
  if (!head) return null
  const placed: Placed[] = []
  while (placed.length < head.events) {
    const limit = Math.min(readAtOnce, head.events - placed.length)
    const records = await log.readStream(name, placed.length as Revision, limit)
    if (records.length === 0) throw new Error(`couldn't read ${name}: it ends too early`)
    for (const record of records) {
      meter(record)
      const place = await paths.place(record)
      if (!place) throw new Error(`couldn't prove revision ${record.revision} of ${name}`)
      placed.push(place)
    }
  }
  const hashes = proof.siblings.map((hash) => hash.toString('base64'))
  return { stream: { stream: name, hashes }, placed }
}
