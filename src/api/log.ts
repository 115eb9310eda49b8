import type { FastifyReply, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { ControllerId } from '../domain/values.ts'
import { bearerOf } from './auth.ts'
import { responses, security } from './documentation.ts'
import type { Api } from './instance.ts'
import type { Reader } from './paging.ts'
import { sendUnknown } from './problems.ts'

const read = { action: 'proofs:read' } as const

/**
 * The log of a controller as standard monitors read it (C2SP tlog-tiles). Tiles have hashes, and bundles of
 * entries have pseudonymous names and digests; no values. They are for bearers of a token of the controller.
 */
export function addLog(api: Api, { deps: { notary } }: Reader): void {
  api.get(
    '/log/:controller/checkpoint',
    {
      config: { ...read, answers: 'text/plain' },
      schema: {
        tags: ['proofs'],
        security,
        summary: 'Read the newest checkpoint as a signed note',
        description: 'With the tiles below `/log/{controller}/tile/`, as C2SP tlog-tiles has them.',
        params: z.strictObject({ controller: ControllerId }),
        response: responses(
          {
            200: { description: 'The note.', schema: z.string(), mediaType: 'text/plain' },
          },
          'readOne',
        ),
      },
    },
    async (request, reply) => {
      const { controller } = request.params
      const signed = own(request, controller) ? await notary.latest(controller) : null
      if (!signed) return unknown(reply)
      return reply
        .header('content-type', 'text/plain; charset=utf-8')
        .send([signed.note, ...signed.cosignatures].join(''))
    },
  )
  api.get(
    '/log/:controller/tile/*',
    {
      config: { ...read, answers: 'application/octet-stream' },
      // OpenAPI has no way to say a path of any length.
      schema: {
        hide: true,
        params: z.strictObject({ controller: ControllerId, '*': z.string().max(128) }),
      },
    },
    async (request, reply) => {
      const { controller, '*': path } = request.params
      const bytes = own(request, controller) ? await notary.tile(controller, `tile/${path}`) : null
      if (!bytes) return unknown(reply)
      return reply.header('content-type', 'application/octet-stream').send(Buffer.from(bytes))
    },
  )
}

function own(request: FastifyRequest, controller: ControllerId): boolean {
  return bearerOf(request).controller === controller
}

function unknown(reply: FastifyReply): FastifyReply {
  return sendUnknown(reply, 'not_found', 'The log of this controller has no such thing.')
}
