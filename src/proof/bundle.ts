import { wrong, type Checked } from './bundle-problem.ts'
import { count, dictionary, list, nullable, record, text, type Shape } from './bundle-shape.ts'
import { decodeUtf8 } from './values.ts'

/** What evidence bundles of this form begin with. */
export const bundleFormat = 'custody-evidence/v1'

/** An event as the ledger stores it. `index` is that of its leaf; `leaf`: its hash (RFC 6962), in base64. */
export type BundleEvent = Readonly<{
  index: number
  stream: string
  revision: number
  id: string
  type: string
  leaf: string
  /** The stored bytes, as UTF-8 says them. */
  body: string
}>

/** That a stream is here whole: the hashes from its head to the root of the map of streams, in base64. */
export type WholeStream = Readonly<{ stream: string; hashes: readonly string[] }>

/** The values of one sealed box, opened, and what proves that they are those. */
export type BundleDisclosure = Readonly<{
  event: string
  category: string
  opening: string
  text: string
}>

/**
 * An evidence bundle, version 1: one JSON value, its keys in this order, without white space, and a newline.
 * Events by index; streams by name; disclosures by event and category, as their texts compare. Nothing
 * in it is believed before it was verified, and nothing in it says by which key.
 */
export type Bundle = Readonly<{
  format: typeof bundleFormat
  /** In which way the report and the page were derived: another number may give other texts. */
  derivation: number
  controller: string
  /** The signed note (C2SP tlog-checkpoint). */
  checkpoint: string
  /** What the bundle answers. Its meaning is not this room's. */
  question: Readonly<{ kind: string; parameters: Readonly<Record<string, string | null>> }>
  /** All events from the leaf `first` to before `end` are here; null: none are said to be. */
  range: Readonly<{ first: number; end: number }> | null
  events: readonly BundleEvent[]
  /** What leads from the events' leaves to the root: see `subtreesBeside`. In base64. */
  hashes: readonly string[]
  streams: readonly WholeStream[]
  disclosures: readonly BundleDisclosure[]
  /** The report and the page, derived from the events: the exact text of each. */
  report: string
  page: string
}>

/** Longer files are not read, in bytes: it must fit into a text of the language. */
export const longestBundle = 2 ** 28

const hash = text('a hash of 32 bytes in base64', /^[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=$/)
const streamName = text('the name of a stream', /^[a-z]{1,32}-[a-z0-9.-]{1,64}\/[a-z0-9.-]{1,96}$/)
const eventId = text('a UUID', /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)

const bundleShape: Shape = record({
  format: text(bundleFormat, /^custody-evidence\/v1$/),
  derivation: count,
  controller: text('a controller', /^[a-z0-9.-]{1,64}$/),
  checkpoint: text(),
  question: record({
    kind: text('a word', /^[a-z]{1,32}$/),
    parameters: dictionary(nullable(text())),
  }),
  range: nullable(record({ first: count, end: count })),
  events: list(
    record({
      index: count,
      stream: streamName,
      revision: count,
      id: eventId,
      type: text('the type of an event', /^[A-Za-z]{1,64}$/),
      leaf: hash,
      body: text(),
    }),
  ),
  hashes: list(hash),
  streams: list(record({ stream: streamName, hashes: list(hash) })),
  disclosures: list(
    record({
      event: eventId,
      category: text('a category', /^[a-z0-9.-]{1,96}$/),
      opening: hash,
      text: text(),
    }),
  ),
  report: text(),
  page: text(),
})

/** The file of a bundle. Its keys must be in the order of the type. */
export function formatBundle(bundle: Bundle): string {
  return `${JSON.stringify(bundle)}\n`
}

/**
 * Reads the file of a bundle. Only what `formatBundle` writes is one, so that no byte can be changed and
 * still say the same. It never throws, whatever the bytes are; nothing of the answer is verified.
 */
export function parseBundle(bytes: Uint8Array | string): Checked<Bundle> {
  const malformed = (where: string, message: string): Checked<never> => ({
    ok: false,
    problem: wrong('malformed-bundle', where, message),
  })
  if (bytes.length > longestBundle) return malformed('$', `is longer than ${longestBundle} bytes`)
  const written = decodeUtf8(bytes)
  if (written === null) return malformed('$', 'is no UTF-8')
  let value: unknown
  try {
    value = JSON.parse(written)
  } catch {
    return malformed('$', 'is no JSON')
  }
  const misshapen = bundleShape(value, '$')
  if (misshapen) return malformed(misshapen.where, misshapen.rule)
  // Its shape was just checked.
  const bundle = value as Bundle
  const canonical = formatBundle(bundle)
  if (canonical === written) return { ok: true, value: bundle }
  const message = 'is spelt in another way than a bundle is'
  const where = `character ${firstDifference(canonical, written)}`
  return { ok: false, problem: wrong('not-canonical', where, message) }
}

/** The first place at which two texts differ. */
export function firstDifference(one: string, other: string): number {
  let at = 0
  while (at < one.length && one[at] === other[at]) at += 1
  return at
}
