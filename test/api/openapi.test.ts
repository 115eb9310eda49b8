import { afterAll, describe, expect, it } from 'vitest'
import { openApi } from './harness.ts'

const api = await openApi({ policy: false })
afterAll(() => api.close())
const { body: document } = await api.ask({ url: '/openapi.json', as: null })

type Operation = {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: unknown[]
  parameters?: { name: string; in: string; required?: boolean; schema: unknown }[]
  requestBody?: { content: Record<string, { schema: unknown }> }
  responses: Record<string, { description: string; content?: Record<string, { schema: unknown }> }>
}
const operations = Object.entries<Record<string, Operation>>(document.paths).flatMap(
  ([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({
      name: `${method.toUpperCase()} ${path}`,
      path,
      operation,
    })),
)

describe('the document', () => {
  it('is OpenAPI 3.1, and says what it describes', () => {
    expect(document.openapi).toBe('3.1.0')
    expect(document.info).toMatchObject({ title: 'Custody', version: expect.any(String) })
    expect(document.components.securitySchemes.token).toMatchObject({
      type: 'http',
      scheme: 'bearer',
    })
  })

  it('has every route', () => {
    const documented = new Set(operations.map(({ name }) => name))
    const served = api.app.routeEntries
      .filter(({ method, schema }) => method !== 'HEAD' && !schema.hide)
      .map(({ method, url }) => `${method} ${url.replace(/:([a-z]+)/g, '{$1}')}`)
      .filter((name) => !name.includes(' /docs'))
    expect([...documented].sort()).toEqual([...new Set(served)].sort())
    expect(documented.size).toBeGreaterThan(40)
  })

  it('resolves every reference, and has no schema that none refers to', () => {
    const names = Object.keys(document.components.schemas)
    const used = new Set(
      [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(
        ([, name]) => name,
      ),
    )
    expect([...used].sort()).toEqual([...names].sort())
    expect(names).toEqual(expect.arrayContaining(['Act', 'Problem', 'Recorded', 'InventoryRow']))
  })

  it('describes what is posted to endpoints, with its headers and its fields', () => {
    const { parameters, requestBody } = document.webhooks.notification.post
    expect(parameters.map(({ name }: { name: string }) => name)).toEqual([
      'webhook-id',
      'webhook-timestamp',
      'webhook-signature',
    ])
    const { schema } = requestBody.content['application/json']
    expect(schema.required).toEqual(['type', 'timestamp', 'data'])
    expect(schema.properties.type.enum).toContain('person.erased')
    expect(Object.keys(schema.properties.data.properties)).toContain('references')
  })

  it('has tags that are explained', () => {
    const explained = document.tags.map(({ name }: { name: string }) => name)
    const used = new Set(operations.flatMap(({ operation }) => operation.tags ?? []))
    expect([...used].sort()).toEqual([...explained].sort())
  })

  it('puts no schema in the document that is neither JSON Schema nor a reference', () => {
    const schemas = operations.flatMap(({ operation }) => [
      ...Object.values(operation.requestBody?.content ?? {}),
      ...Object.values(operation.responses).flatMap(({ content }) => Object.values(content ?? {})),
      ...(operation.parameters ?? []),
    ])
    for (const { schema } of schemas) {
      expect(Object.keys(schema as object)).not.toEqual([])
      expect(JSON.stringify(schema)).not.toContain('"_zod"')
    }
  })
})

describe.each(operations.map((one) => [one.name, one] as const))(
  '%s',
  (_name, { path, operation }) => {
    const open = ['/healthz', '/readyz'].includes(path)

    it('has a summary, a tag and what security it asks for', () => {
      expect(operation.summary).toMatch(/^[A-Z][^.]+$/)
      expect(operation.tags).toHaveLength(1)
      expect(operation.security).toEqual(open ? [] : [{ token: [] }])
    })

    it('describes its answers, and its problems as problems', () => {
      const statuses = Object.keys(operation.responses)
      expect(statuses.some((status) => status.startsWith('2'))).toBe(true)
      for (const [status, { description, content }] of Object.entries(operation.responses)) {
        expect(description, status).not.toBe('')
        const [mediaType, { schema } = { schema: null }] = Object.entries(content ?? {})[0] ?? []
        if (status.startsWith('2') || (open && status === '503')) continue
        expect(mediaType, status).toBe('application/problem+json')
        expect(schema, status).toEqual({ $ref: '#/components/schemas/Problem' })
      }
      expect(statuses).toEqual(expect.arrayContaining(['400', '500']))
      if (!open) expect(statuses).toEqual(expect.arrayContaining(['401', '403']))
      if (operation.requestBody) expect(statuses).toEqual(expect.arrayContaining(['413', '415']))
    })

    it('describes every part of its path', () => {
      const inPath = [...path.matchAll(/\{([a-z]+)\}/g)].map(([, name]) => name)
      const described = (operation.parameters ?? []).filter(({ in: where }) => where === 'path')
      expect(described.map(({ name }) => name).sort()).toEqual(inPath.sort())
    })

    it('takes no person in its URL', () => {
      const names = (operation.parameters ?? []).map(({ name }) => name)
      expect(names).not.toContain('subject')
      expect(names).not.toContain('identifier')
    })
  },
)

describe('the page', () => {
  it('is served under a policy that runs nothing from elsewhere and nothing inline', async () => {
    const page = await api.ask({ url: '/docs/', as: null })
    expect(page.status).toBe(200)
    const policy = String(page.headers['content-security-policy'])
    expect(policy).toContain("default-src 'none'")
    expect(policy).toContain("script-src 'self'")
    expect(policy).not.toMatch(/script-src[^;]*unsafe/)
    expect(page.text).not.toMatch(/<script(?![^>]*\bsrc="\.\/)/)
    const scripts = [...page.text.matchAll(/(?:src|href)="\.\/([^"]+)"/g)].map(([, path]) => path)
    expect(scripts.length).toBeGreaterThan(2)
    for (const path of scripts) {
      const part = await api.ask({ url: `/docs/${path}`, as: null })
      expect(part.status, path).toBe(200)
    }
  })

  it('and every other answer says nosniff, no-store and nothing of what serves it', async () => {
    for (const url of ['/healthz', '/v1/status', '/nowhere', '/v1/acts']) {
      const { headers } = await api.ask({ url })
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      })
      expect(headers['x-powered-by']).toBeUndefined()
    }
  })
})
