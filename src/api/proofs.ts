import type { FastifyReply } from 'fastify'
import { z } from 'zod'
import { StreamName } from '../domain/envelope.ts'
import { EventId, Instant, Position, Revision } from '../domain/values.ts'
import type { Inclusion, Proved, ProvedHead, SignedHead } from '../notary/notary.ts'
import type { Hash } from '../proof/merkle.ts'
import { formatTlogProof } from '../proof/tlog-proof.ts'
import { bearerOf } from './auth.ts'
import { found, responses, security } from './documentation.ts'
import type { Api } from './instance.ts'
import type { Reader } from './paging.ts'
import { sendUnknown } from './problems.ts'

const Base64Hash = z.string().regex(/^[A-Za-z0-9+/]{43}=$/)
const Size = z.int().nonnegative()
const Root = { size: Size, root: Base64Hash }
const Checkpoint = z
  .strictObject({
    origin: z.string(),
    ...Root,
    streams: z.strictObject({ count: z.int().nonnegative(), root: Base64Hash }),
    signedAt: Instant,
    /** The event that carries the note. */
    event: EventId,
    position: Position,
    note: z.string().describe('The signed note (C2SP tlog-checkpoint).'),
  })
  .meta({ id: 'Checkpoint', description: 'What the notary has signed of the history.' })
const InclusionProof = z
  .strictObject({
    position: Position,
    stream: StreamName,
    revision: Revision,
    entry: z.string().describe('What the leaf is the hash of.'),
    index: z.int().nonnegative(),
    ...Root,
    leaf: Base64Hash,
    path: z.array(Base64Hash).describe('RFC 6962, 2.1.1; the sibling of the leaf first.'),
    /** A `.tlog-proof` (C2SP tlog-proof); null where the size is not that of the newest checkpoint. */
    proof: z.string().nullable(),
  })
  .meta({ id: 'InclusionProof' })
const ConsistencyProof = z
  .strictObject({
    older: z.strictObject(Root),
    newer: z.strictObject(Root),
    path: z.array(Base64Hash).describe('RFC 6962, 2.1.2.'),
  })
  .meta({ id: 'ConsistencyProof' })
const Head = z.strictObject({ events: z.int().positive(), newest: Base64Hash })
const StreamProof = z
  .strictObject({
    stream: StreamName,
    /** null: the signed history has no such stream. */
    head: Head.nullable(),
    siblings: z.array(Base64Hash),
    other: Head.extend({ key: Base64Hash }).nullable(),
    checkpoint: Checkpoint,
  })
  .meta({ id: 'StreamProof' })
const Nothing = z.strictObject({}).optional()
const StreamQuestion = z.strictObject({ stream: StreamName }).meta({ id: 'StreamQuestion' })

/** In a URL there are only texts. */
const number = z
  .string()
  .regex(/^[0-9]{1,16}$/, 'must be a whole number')
  .transform(Number)
const count = number.pipe(Size)
const shared = { tags: ['proofs'], security }
const read = { config: { action: 'proofs:read' } } as const

/** Checkpoints, and proofs from them: what somebody who trusts nothing but the notary's key can check. */
export function addProofs(api: Api, { deps: { notary } }: Reader): void {
  api.get(
    '/v1/checkpoint',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Show the newest checkpoint',
        response: responses(found('The checkpoint.', Checkpoint), 'readOne'),
      },
    },
    async (request, reply) =>
      answerSigned(reply, await notary.latest(bearerOf(request).controller)),
  )
  api.post(
    '/v1/checkpoint',
    {
      config: { action: 'checkpoints:write' },
      schema: {
        ...shared,
        summary: 'Sign what is new, and show the newest checkpoint',
        body: Nothing,
        response: responses(found('The checkpoint.', Checkpoint), 'readSubject'),
      },
    },
    async (request, reply) =>
      answerSigned(reply, await notary.checkpoint(bearerOf(request).controller)),
  )
  addHistoryProofs(api, notary)
  api.post(
    '/v1/proofs/stream',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Prove how far a stream goes, or that there is none',
        description: 'As of the newest checkpoint: so no newest event can be withheld.',
        body: StreamQuestion,
        response: responses(found('The proof.', StreamProof), 'readSubject'),
      },
    },
    async (request, reply) => {
      const { controller } = bearerOf(request)
      const proved = await notary.headProof(controller, request.body.stream)
      return answerProved(reply, proved, streamProof)
    },
  )
}

function addHistoryProofs(api: Api, notary: Reader['deps']['notary']): void {
  api.get(
    '/v1/proofs/inclusion',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Prove that an event is in the history',
        querystring: z.strictObject({
          position: number.pipe(Position),
          size: count.optional().describe('Of the tree; left out: of the newest checkpoint.'),
        }),
        response: responses(found('The proof.', InclusionProof), 'readOne'),
      },
    },
    async (request, reply) => {
      const { position, size } = request.query
      const { controller } = bearerOf(request)
      return answerProved(reply, await notary.prove(controller, { position }, size), inclusion)
    },
  )
  api.get(
    '/v1/proofs/consistency',
    {
      ...read,
      schema: {
        ...shared,
        summary: 'Prove that the history of one size begins with that of another',
        querystring: z.strictObject({
          older: count,
          newer: count.optional().describe('Left out: of the newest checkpoint.'),
        }),
        response: responses(found('The proof.', ConsistencyProof), 'readOne'),
      },
    },
    async (request, reply) => {
      const { older, newer } = request.query
      const proved = await notary.consistency(bearerOf(request).controller, older, newer)
      return answerProved(reply, proved, (value) => ({
        older: { size: value.older.size, root: text(value.older.root) },
        newer: { size: value.newer.size, root: text(value.newer.root) },
        path: value.path.map(text),
      }))
    },
  )
}

function answerSigned(reply: FastifyReply, signed: SignedHead | null): FastifyReply {
  if (signed) return reply.send(checkpoint(signed))
  return sendUnknown(reply, 'not_found', 'Nothing is signed yet.')
}

function answerProved<T>(
  reply: FastifyReply,
  proved: Proved<T>,
  told: (value: T) => object,
): FastifyReply {
  if (proved.ok) return reply.send(told(proved.value))
  return sendUnknown(reply, 'not_found', proved.message)
}

function checkpoint(signed: SignedHead) {
  const { origin, size, root, streams, signedAt, event, position, note } = signed
  const heads = { count: streams.count, root: text(streams.root) }
  return { origin, size, root: text(root), streams: heads, signedAt, event, position, note }
}

function inclusion({ entry, position, index, size, root, leaf, path, signed }: Inclusion) {
  const proof =
    signed && formatTlogProof({ index, path, checkpoint: signed.note, extra: entry.bytes })
  const { stream, revision } = entry
  return {
    ...{ position, stream, revision, entry: entry.bytes.toString() },
    ...{ index, size, root: text(root), leaf: text(leaf), path: path.map(text), proof },
  }
}

function streamProof({ stream, head, proof: { siblings, other }, signed }: ProvedHead) {
  const headOf = ({ events, newest }: { events: number; newest: Hash }) => ({
    events,
    newest: text(newest),
  })
  return {
    stream,
    head: head && headOf(head),
    siblings: siblings.map(text),
    other: other && { ...headOf(other), key: text(other.key) },
    checkpoint: checkpoint(signed),
  }
}

function text(hash: Hash): string {
  return hash.toString('base64')
}
