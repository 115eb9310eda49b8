import fastifyHelmet from '@fastify/helmet'
import fastifySwagger from '@fastify/swagger'
import fastifySwaggerUi from '@fastify/swagger-ui'
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod'
import type { ZodType } from 'zod'
import type { Api } from './instance.ts'
import { webhookDocument } from './webhook-document.ts'

type Transform = typeof jsonSchemaTransform

/** Describes every route that is added after it, in OpenAPI 3.1. */
export function addDescription(api: Api): void {
  void api.register(fastifySwagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Custody',
        version: '0.1.0',
        description:
          'An event-sourced ledger of the personal data in an organisation’s custody. Every token ' +
          'speaks for one controller. Whoever is asked about stands in a body, never in a URL.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This node' }],
      webhooks: webhookDocument,
      tags: tags.map(([name, description]) => ({ name, description })),
      components: {
        securitySchemes: {
          token: { type: 'http', scheme: 'bearer', description: 'A token, as it was issued.' },
        },
      },
    },
    transform: transformRoute,
    transformObject: withoutUnused,
  })
}

const tags = [
  ['acts', 'What source systems say: collections, uses, disclosures, consent and objections.'],
  ['policies', 'The promises that acts are judged by.'],
  ['recipients', 'To whom data may be disclosed, under which contracts.'],
  ['notifications', 'What recipients and source systems are told, and whether they confirmed it.'],
  ['holds', 'Legal holds, which no deletion passes.'],
  ['requests', 'What people ask for.'],
  ['transfers', 'Mergers, acquisitions and sales of assets.'],
  ['subjects', 'Questions about one person.'],
  ['inventory', 'What is held, since when, and who was given it.'],
  ['retention', 'What falls due, and what waits.'],
  ['audit', 'What was done, on what authority, and what was refused.'],
  ['proofs', 'Signed checkpoints of the history, and proofs from them.'],
  ['reports', 'Whole answers to the questions of regulators, retention officers and counsel.'],
  ['tokens', 'Who may call this.'],
  ['service', 'How this node does.'],
] as const

/** `GET /openapi.json` and the page that shows it, under a policy that loads nothing from elsewhere. */
export async function addDocumentation(api: Api): Promise<void> {
  let text: string | null = null
  api.get('/openapi.json', { schema: { hide: true } }, (_request, reply) => {
    text ??= JSON.stringify(api.swagger())
    return reply.header('content-type', 'application/json; charset=utf-8').send(text)
  })
  await api.register(async (docs) => {
    docs.addHook('onRequest', (_request, reply, done) => {
      // What every answer says allows no page at all; here helmet says it.
      reply.removeHeader('content-security-policy')
      done()
    })
    await docs.register(fastifyHelmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          // The page sets styles on its elements while it runs.
          styleSrc: ["'self'", "'unsafe-inline'"],
          imgSrc: ["'self'", 'data:'],
          fontSrc: ["'self'"],
          connectSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
    })
    await docs.register(fastifySwaggerUi, {
      routePrefix: '/docs',
      uiConfig: { url: '/openapi.json', validatorUrl: null, persistAuthorization: false },
    })
  })
}

type BodyContent = Readonly<{ content: Readonly<Record<string, { schema: ZodType }>> }>

function hasContent(body: unknown): body is BodyContent {
  return typeof body === 'object' && body !== null && 'content' in body
}

/** The provider's transform, which does not know bodies of several media types by itself. */
const transformRoute: Transform = (document) => {
  const { schema } = document
  const body: unknown = schema?.body
  if (!hasContent(body)) return jsonSchemaTransform(document)
  const content = Object.entries(body.content).map(([mediaType, { schema: one }]) => {
    const { schema: described } = jsonSchemaTransform({ ...document, schema: { body: one } })
    return [mediaType, { schema: described.body }] as const
  })
  const transformed = jsonSchemaTransform({ ...document, schema: { ...schema, body: undefined } })
  const bodies = { content: Object.fromEntries(content) }
  return { ...transformed, schema: { ...transformed.schema, body: bodies } }
}

/**
 * Every schema is made for input and for output. Those that no route leads to are left out, and where
 * only the input's is left it has the plain name.
 */
const withoutUnused: typeof jsonSchemaTransformObject = (document) => {
  const whole = jsonSchemaTransformObject(document)
  if (!('components' in whole)) return whole
  const schemas: Record<string, unknown> = whole.components?.schemas ?? {}
  const used = referenced('paths' in whole ? whole.paths : {}, schemas)
  const names = new Map([...used].map((name) => [name, plainName(name, used)]))
  const kept = Object.entries(schemas).filter(([name]) => used.has(name))
  const components = {
    ...whole.components,
    schemas: Object.fromEntries(kept.map(([name, schema]) => [names.get(name) ?? name, schema])),
  }
  const text = JSON.stringify({ ...whole, components }).replace(reference, (_all, name: string) => {
    return JSON.stringify(`#/components/schemas/${names.get(name) ?? name}`)
  })
  return JSON.parse(text) as ReturnType<typeof jsonSchemaTransformObject>
}

const reference = /"#\/components\/schemas\/([^"/]+)"/g

function referenced(from: unknown, schemas: Readonly<Record<string, unknown>>): Set<string> {
  const used = new Set<string>()
  const open: unknown[] = [from]
  while (open.length > 0) {
    for (const [, name = ''] of JSON.stringify(open.pop()).matchAll(reference)) {
      if (used.has(name)) continue
      used.add(name)
      open.push(schemas[name] ?? {})
    }
  }
  return used
}

function plainName(name: string, used: ReadonlySet<string>): string {
  const plain = name.replace(/Input$/, '')
  return used.has(plain) ? name : plain
}
