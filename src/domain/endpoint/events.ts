import { z } from 'zod'
import { Line, Reference } from '../values.ts'

/**
 * Whoever data passed to or came from, and so whoever must hear when it is to go (GDPR Art. 19): a
 * recipient by its id, or a source system.
 */
export const Downstream = z.strictObject({ kind: z.enum(['recipient', 'source']), id: Reference })
export type Downstream = z.infer<typeof Downstream>

/** What a downstream system can be told of: the `type` of a message (Standard Webhooks, 1.0.0). */
export const Topic = z.enum([
  'person.erased',
  'data.deleted',
  'data.corrected',
  'consent.withdrawn',
  'objection.made',
])
export type Topic = z.infer<typeof Topic>

/**
 * Where messages are posted to. It stands in the ledger for ever, so no user name, query, fragment or
 * mail address is in it; and it is spelled as a URL parser spells it, so that what is checked is what is
 * asked. Whether Custody may post there, the deployment's rules say.
 */
export const EndpointUrl = z
  .string()
  .min(1)
  .max(1024)
  .refine(
    isPlainUrl,
    'must be an https URL of host and path: no user, query, fragment or @, spelled as a browser would',
  )
  .brand<'EndpointUrl'>()
export type EndpointUrl = z.infer<typeof EndpointUrl>

function isPlainUrl(text: string): boolean {
  if (!URL.canParse(text)) return false
  const url = new URL(text)
  const { protocol, username, password, search, hash, href } = url
  if (protocol !== 'https:' && protocol !== 'http:') return false
  if (username + password + search + hash !== '' || /@|%40/i.test(text)) return false
  return href === text && !/[?#]/.test(text)
}

/** The generation of an endpoint's secret, from 1: each has a secret of its own. */
const generation = z.int().positive()

/**
 * The endpoint of a recipient (in its stream) or of a source system (stream `source-<controller>/<source>`).
 * There is one at a time; no secret is in any event, since each is derived (see the vault).
 */
export const endpointEventData = {
  EndpointRegistered: z.strictObject({
    url: EndpointUrl,
    topics: z.array(Topic).min(1).max(Topic.options.length),
    generation,
  }),
  EndpointSecretRotated: z.strictObject({ generation }),
  EndpointRemoved: z.strictObject({ reason: Line }),
} as const

type DataOf = { [T in keyof typeof endpointEventData]: z.infer<(typeof endpointEventData)[T]> }
export type EndpointEvent = {
  [T in keyof DataOf]: { type: T; version: 1; data: DataOf[T] }
}[keyof DataOf]
