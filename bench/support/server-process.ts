import fastify from 'fastify'
import {
  serializerCompiler,
  validatorCompiler,
  type ZodTypeProvider,
} from 'fastify-type-provider-zod'
import { buildApp } from '../../src/api/app.ts'
import { Line } from '../../src/application/lines.ts'
import { Reference } from '../../src/domain/values.ts'
import { openCustody } from '../../src/main.ts'
import { registrations } from './lines.ts'
import type { Serving } from './server.ts'
import { callerOf, configurationIn, publishPolicy, recordLines } from './workspace.ts'

/**
 * A server in a process of its own: `custody <directory> <people>` is the whole of Custody on a new
 * ledger where so many people are known; `bare` parses the same body with the same schema, and stores
 * nothing. Says where it listens, and ends when it is told to.
 */
const [kind, directory, people] = process.argv.slice(2)

const close = kind === 'custody' ? await serveCustody() : await serveBare()
process.once('message', () => void close().then(() => process.disconnect()))

async function serveCustody(): Promise<() => Promise<void>> {
  const configuration = configurationIn(directory!)
  const caller = callerOf(configuration)
  const custody = await openCustody(configuration)
  await publishPolicy(custody, caller)
  await recordLines(custody, caller, registrations(Number(people), 1))
  const step = { token: Reference.parse('bench'), role: 'source', label: 'bench' } as const
  const { secret } = await custody.services.access.issue(caller, step)
  const app = buildApp({
    services: custody.services,
    views: custody.views,
    notary: custody.notary,
    evidence: custody.evidence,
    metrics: () => Promise.resolve({ contentType: 'text/plain', text: '' }),
    now: custody.now,
    health: () => Promise.reject(new Error('nobody asks')),
    log: false,
  })
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  say({ address, token: secret! })
  return async () => {
    await app.close()
    await custody.close()
  }
}

async function serveBare(): Promise<() => Promise<void>> {
  const app = fastify().withTypeProvider<ZodTypeProvider>()
  app.setValidatorCompiler(validatorCompiler)
  app.setSerializerCompiler(serializerCompiler)
  app.post('/v1/acts', { schema: { body: Line } }, ({ body }, reply) =>
    reply.code(201).send({ outcome: 'parsed', type: body.type }),
  )
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  say({ address, token: 'none' })
  return () => app.close()
}

function say(serving: Serving): void {
  process.send!(serving)
}
