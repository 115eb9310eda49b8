import type { Caller } from '../application/services.ts'
import type { BoxDisclosed, DisclosingService, NotDisclosed } from '../application/disclosing.ts'
import type { CategoryKey, ControllerId, EventId } from '../domain/values.ts'
import { bundleFormat, formatBundle, longestBundle, type BundleEvent } from '../proof/bundle.ts'
import { parseVerifierKey } from '../proof/note.ts'
import { verifyBundle } from '../proof/verify-bundle.ts'
import { leafOf } from '../notary/leaves.ts'
import { wholeQuestion, type Asked, type Desk } from './ask.ts'
import { derivation, derive, type Underived } from './derive.ts'
import { gather, type Gathered, type NotGathered } from './gather.ts'
import type { Placed } from './paths.ts'
import { spellQuestion, type Question } from './question.ts'
import type { GatherLimits, Sources } from './sources.ts'

/** What is to be shown in clear: the values of one category of an event, or all of the event. */
export type ToDisclose = Readonly<{ event: EventId; category: CategoryKey | null }>

/** Why there is no bundle. Nothing is handed out then. */
export type NoEvidence = Readonly<{
  ok: false
  problem:
    | NotGathered['problem']
    | NotDisclosed['problem']
    | 'subject_unknown'
    | 'no_such_transfer'
    | 'no_such_event'
  message: string
}>

/** A bundle as its file has it, and what it is cut from. */
export type Evidence = Readonly<{
  ok: true
  text: string
  question: Question
  page: string
  events: number
  /** What the checkpoint says: of which log, and of how many events. */
  origin: string
  size: number
}>

export interface EvidenceService {
  /**
   * Cuts a bundle that answers a question, from a checkpoint that is signed for it. What is disclosed is
   * recorded as read before (N10). What is handed out has been verified.
   *
   * @param limits of the bundle; as a rule what fits into one file
   * @throws LedgerDiverged, LogUnavailable, VaultUnavailable, ViewsBehind
   */
  make(
    caller: Caller,
    asked: Asked,
    disclose: readonly ToDisclose[],
    limits?: GatherLimits,
  ): Promise<Evidence | NoEvidence>
}

type Deps = Omit<Sources, 'limits'> & Desk & Readonly<{ disclosing: DisclosingService }>

/** What fits into one file with room for the report: both are far above what is read by people. */
const defaultLimits: GatherLimits = { events: 200_000, characters: 100_000_000 }

/** The service on what it is cut from. */
export function createEvidence(deps: Deps): EvidenceService {
  return {
    async make(caller, asked, toDisclose, limits = defaultLimits) {
      const sources = { ...deps, limits }
      const question = await wholeQuestion(deps, caller, asked)
      if (!question) {
        return no('subject_unknown', 'No such person is in the custody of this controller.')
      }
      let gathered = await gather(sources, caller.controller, question)
      if ('problem' in gathered) return no(gathered.problem, gatherWords[gathered.problem])
      let disclosed: readonly BoxDisclosed[] = []
      if (toDisclose.length > 0) {
        const opened = await openBoxes(deps.disclosing, caller, gathered.placed, toDisclose)
        if ('problem' in opened) return opened
        disclosed = opened
        // Anew, so that it is told in the bundle that they were read.
        gathered = await gather(sources, caller.controller, question)
        if ('problem' in gathered) return no(gathered.problem, gatherWords[gathered.problem])
      }
      return write(sources, caller.controller, question, gathered, disclosed)
    },
  }
}

async function openBoxes(
  disclosing: DisclosingService,
  caller: Caller,
  placed: readonly Placed[],
  toDisclose: readonly ToDisclose[],
): Promise<readonly BoxDisclosed[] | NoEvidence> {
  const records = new Map(placed.map(({ record }) => [record.id, record]))
  const boxes = toDisclose.flatMap(({ event, category }) => {
    const record = records.get(event)
    return record ? [{ record, category }] : []
  })
  if (boxes.length < toDisclose.length) {
    const missing = toDisclose.find(({ event }) => !records.has(event))
    return no('no_such_event', `The event ${missing?.event} is not among those of the answer.`)
  }
  const opened = await disclosing.disclose(caller, boxes)
  if (opened.ok) return opened.disclosed
  const { problem, event, category } = opened
  const what = category === null ? 'the values' : `the values of ${category}`
  return no(problem, `Of the event ${event}, ${what} cannot be shown: ${disclosingWords[problem]}`)
}

async function write(
  { notary }: Sources,
  controller: ControllerId,
  question: Question,
  { signed, range, placed, hashes, streams }: Gathered,
  disclosures: readonly BoxDisclosed[],
): Promise<Evidence | NoEvidence> {
  const underived: Underived = {
    format: bundleFormat,
    derivation,
    controller,
    checkpoint: [signed.note, ...signed.cosignatures].join(''),
    question: spellQuestion(question),
    range,
    events: placed.map(eventOf),
    hashes,
    streams,
    disclosures: disclosures.map(({ event, category, opening, text }) => ({
      ...{ event, category, opening, text },
    })),
  }
  const derived = await derive(underived, signed.size)
  if (!derived.ok) {
    const { code, where, message } = derived.problem
    if (code === 'not-covered' && question.kind === 'transfer') {
      return no('no_such_transfer', `There is no transfer ${question.transfer}.`)
    }
    throw new Error(`couldn't derive a bundle: ${code} at ${where}: ${message}`)
  }
  const { report, page } = derived.value
  const text = formatBundle({ ...underived, report, page })
  if (Buffer.byteLength(text) > longestBundle) return no('too_large', gatherWords.too_large)
  const { origin, verifierKey } = await notary.identity(controller)
  const verified = verifyBundle(text, { origin, keys: [parseVerifierKey(verifierKey)!] })
  if (!verified.ok) {
    const { code, where, message } = verified.problem
    throw new Error(`couldn't make a bundle that verifies: ${code} at ${where}: ${message}`)
  }
  const { size } = signed
  return { ok: true, text, question, page, events: placed.length, origin, size }
}

function eventOf({ record, index }: Placed): BundleEvent {
  const { stream, revision, id, type, body } = record
  return { index, stream, revision, id, type, leaf: leafOf(record).toString('base64'), body }
}

const gatherWords: Readonly<Record<NotGathered['problem'], string>> = {
  nothing_recorded: 'Nothing was recorded of this controller yet.',
  too_large: 'The answer has too many events for one file. Ask for a shorter period.',
}

const disclosingWords: Readonly<Record<NotDisclosed['problem'], string>> = {
  no_values: 'nothing of the kind is sealed there.',
  destroyed: 'their key was destroyed.',
  no_commitment:
    'they were sealed by a first version of Custody, which cannot prove single values.',
}

function no(problem: NoEvidence['problem'], message: string): NoEvidence {
  return { ok: false, problem, message }
}
