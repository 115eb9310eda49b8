import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { z } from 'zod'
import { Line } from '../../src/application/lines.ts'
import { mayDo, type Action } from '../../src/api/permissions.ts'
import type { RouteEntry } from '../../src/api/instance.ts'
import type { Role } from '../../src/domain/access/events.ts'
import {
  openApi,
  outcomesOf,
  prospect,
  roles,
  type Answer,
  type Harness,
  type Json,
} from './harness.ts'
import { planted, samples, wrongs, type Wrong } from './samples.ts'

/**
 * Every route and every field, from the routes' own schemas: whatever is wrong is answered by a problem
 * that names what and where, is never a 500, never quotes the value, and records nothing.
 */

const api: Harness = await openApi()
const { app } = api
const routes = app.routeEntries.filter(
  ({ url, method }) => /^\/(?:v1|log)\//.test(url) && method !== 'HEAD' && method !== 'OPTIONS',
)
/** The batch takes lines, not a body: it has tests of its own below. */
const writes = routes.filter(({ method, url }) => method === 'POST' && !url.endsWith('/batch'))

afterAll(() => api.close())

describe.each(routes.map((route) => [`${route.method} ${route.url}`, route] as const))(
  '%s',
  (_name, route) => {
    let before: number
    beforeAll(async () => {
      before = await api.head()
    })
    afterAll(async () => {
      expect(await api.head(), 'nothing was recorded').toBe(before)
    })

    it('says 401 to whoever bears no known token', async () => {
      for (const authorization of [undefined, 'Bearer no-such-token', `Basic ${planted}`]) {
        const headers = authorization === undefined ? {} : { authorization }
        const answer = await api.ask({ ...asked(route), as: null, headers })
        expectProblem(answer, 401)
        expect(answer.headers['www-authenticate']).toMatch(/^Bearer realm=/)
      }
    })

    it('says 403 to every role that may not', async () => {
      for (const role of roles.filter((one) => !mayDo(one, route.action as Action))) {
        const answer = await api.ask({ ...asked(route), as: role })
        expectProblem(answer, 403, 'role_not_permitted')
      }
    })

    it('names the field that is wrong in the path', async () => {
      const params = route.schema.params as z.ZodObject | undefined
      for (const [name, schema] of Object.entries(params?.shape ?? {})) {
        for (const value of [planted, 'x'.repeat(99), 'UPPER', ' ']) {
          if ((schema as z.ZodType).safeParse(value).success) continue
          const answer = await api.ask({ ...asked(route, { [name]: value }), as: mayCall(route) })
          expectProblem(answer, 400, 'invalid_input')
          expect(answer.body.errors[0]).toMatchObject({ in: 'path', field: name })
        }
      }
    })

    it('names the field that is wrong in the query', async () => {
      const query = route.schema.querystring as z.ZodType | undefined
      if (!query) return
      const [sample] = samples(query)
      for (const wrong of wrongs(query, sample)) {
        const search = new URLSearchParams()
        for (const [name, value] of Object.entries(wrong.value as object)) {
          // In a URL there are only texts: another type is a text that is none of the allowed ones.
          search.set(name, typeof value === 'object' ? planted : String(value))
        }
        const { url } = asked(route)
        const answer = await api.ask({ url: `${url}?${search}`, as: mayCall(route) })
        expectProblem(answer, 400, 'invalid_input')
        expectNamed(answer.body.errors, 'query', wrong)
      }
    })

    it('says 406 to whoever accepts nothing that it answers', async () => {
      const answer = await api.ask({
        ...asked(route),
        as: mayCall(route),
        headers: { accept: 'image/png' },
      })
      expectProblem(answer, 406, 'not_acceptable')
    })

    it('says 405 to another method, and which there are', async () => {
      const answer = await api.ask({ ...asked(route), method: 'DELETE', as: mayCall(route) })
      expectProblem(answer, 405, 'method_not_allowed')
      expect(answer.headers['allow']).toContain(route.method)
    })
  },
)

describe.each(writes.map((route) => [route.url, route] as const))(
  'the body of POST %s',
  (_url, route) => {
    let before: number
    beforeAll(async () => {
      before = await api.head()
    })
    afterAll(async () => {
      expect(await api.head(), 'nothing was recorded').toBe(before)
    })
    const post = (body: unknown, headers = { 'content-type': 'application/json' }) =>
      api.ask({ ...asked(route), body: body, headers, as: mayCall(route) })

    it('may not be of another media type', async () => {
      for (const type of ['text/plain', 'application/xml', 'nonsense', 'multipart/form-data']) {
        expectProblem(await post('a', { 'content-type': type }), 415, 'media_type_not_supported')
      }
    })

    it('may not have 10 MB', async () => {
      const answer = await post(JSON.stringify({ value: 'x'.repeat(10 * 1024 * 1024) }))
      expectProblem(answer, 413, 'body_too_large')
    })

    it('must be JSON, and what is not says where', async () => {
      const answer = await post(`{"a": 1,\n "b": ${planted}}`)
      expectProblem(answer, 400, 'invalid_json')
      expect(answer.body.detail).toContain('line 2, column 7')
      for (const broken of ['{', '[1,]', '"', 'nul', '{"__proto__": {}}', '\u00ff']) {
        expectProblem(await post(Buffer.from(broken, 'latin1')), 400, 'invalid_json')
      }
    })

    it('must be an object', async () => {
      for (const other of ['[]', '1', '"text"', 'true', 'null', '']) {
        // A step without fields may have no body.
        if (/^(?:null)?$/.test(other) && bodyOf(route).safeParse(undefined).success) continue
        const answer = await post(other)
        expectProblem(answer, 400, 'invalid_input')
      }
    })

    it('is refused for every field that is missing, of a wrong type, too long or unknown', async () => {
      const schema = bodyOf(route)
      const cases = samples(schema).flatMap((sample) => wrongs(schema, sample))
      expect(cases.length).toBeGreaterThan(0)
      for (const wrong of cases) {
        const answer = await post(JSON.stringify(wrong.value))
        expectProblem(answer, 400, 'invalid_input')
        expectNamed(answer.body.errors, 'body', wrong)
      }
    })

    it('may not name a controller', async () => {
      const schema = bodyOf(route)
      for (const sample of samples(schema).slice(0, 3)) {
        const answer = await post(
          JSON.stringify({ ...(sample as object), controller: 'acme-store' }),
        )
        expectProblem(answer, 400, 'invalid_input')
      }
    })
  },
)

describe('a batch', () => {
  const send = (lines: readonly string[]) =>
    api.ask({
      method: 'POST',
      url: '/v1/acts/batch',
      headers: { 'content-type': 'application/x-ndjson' },
      body: lines.join('\n'),
    })

  it('answers every wrong field of every kind of line, and records none of them', async () => {
    const before = await api.head()
    const cases = samples(Line).flatMap((sample) => wrongs(Line, sample))
    const answer = await send(cases.map(({ value }) => JSON.stringify(value)))
    const outcomes = outcomesOf(answer)
    expect(outcomes).toHaveLength(cases.length)
    for (const [index, { line, outcome, problem }] of outcomes.entries()) {
      expect(line).toBe(index + 1)
      expect(outcome).toBe('invalid')
      expectNamed(problem.errors, 'body', cases[index]!)
    }
    expect(answer.text).not.toContain('planted')
    expect(await api.head()).toBe(before)
  })

  it('may not be of another media type', async () => {
    for (const type of ['application/json', 'text/plain', 'nonsense']) {
      const headers = { 'content-type': type }
      const answer = await api.ask({ method: 'POST', url: '/v1/acts/batch', headers, body: '{}' })
      expectProblem(answer, 415, 'media_type_not_supported')
    }
  })

  it('goes on after broken JSON in line 3', async () => {
    const good = [1, 2, 4].map((number) => JSON.stringify(prospect(`batch-${number}@example.org`)))
    const answer = await send([good[0]!, good[1]!, `{"type": ${planted}`, good[2]!])
    const outcomes = outcomesOf(answer)
    expect(outcomes.map(({ outcome }) => outcome)).toEqual([
      'recorded',
      'recorded',
      'invalid',
      'recorded',
    ])
    expect(outcomes[2].problem.detail).toBe(
      'Line 3 is not JSON: unexpected character at column 10.',
    )
    expect(answer.text).not.toContain('planted')
  })
})

describe('a policy', () => {
  const publish = (document: string) =>
    api.ask({
      method: 'POST',
      url: '/v1/policies',
      headers: { 'content-type': 'application/yaml' },
      body: document,
    })

  it('in a zone that there is none of is refused, and the field named', async () => {
    const before = await api.head()
    const example = readFileSync('policies/symphony-commerce-2014-06-30.yaml', 'utf8')
    const wrong = example.replace(/^(\s*(?:timeZone|zone|timezone):).*$/m, '$1 Mars/Olympus')
    expect(wrong).not.toBe(example)
    const answer = await publish(wrong)
    expectProblem(answer, 400, 'invalid_input')
    expect(answer.body.errors[0].field).toMatch(/zone/i)
    expect(await api.head()).toBe(before)
  })

  it('of another controller is refused', async () => {
    const before = await api.head()
    const answer = await publish(readFileSync('policies/acme-store-2014-06-30.yaml', 'utf8'))
    expectProblem(answer, 400, 'invalid_input')
    expect(answer.body.errors[0].field).toMatch(/^controller/)
    expect(await api.head()).toBe(before)
  })

  it('that is no YAML, or no policy, is refused', async () => {
    const before = await api.head()
    for (const document of ['a: [', '- 1', 'text', 'policy: {', '\u0000']) {
      expectProblem(await publish(document), 400)
    }
    expect(await api.head()).toBe(before)
  })
})

it('tells no planted value in any log line', () => {
  expect(api.log.join('')).not.toContain('planted')
  expect(api.log.filter((line) => JSON.parse(line).level >= 50)).toEqual([])
})

/** The route as a request, its path filled in. */
function asked({ method, url, schema }: RouteEntry, params: Record<string, string> = {}) {
  const { params: described } = schema as { params?: z.ZodType }
  const [sample] = described ? samples(described) : [{}]
  const values = { ...(sample as Record<string, string>), ...params }
  const path = url.replace(/:([a-z]+)/g, (_all, name: string) => encodeURIComponent(values[name]!))
  return { method: method as 'GET' | 'POST', url: path }
}

function mayCall({ action }: RouteEntry): Role {
  return roles.find((role) => mayDo(role, action as Action))!
}

function bodyOf({ schema }: RouteEntry): z.ZodType {
  const body = schema.body as z.ZodType & {
    content?: Record<string, { schema: z.ZodType }>
  }
  return body.content?.['application/json']?.schema ?? body
}

function expectProblem(answer: Answer, status: number, code?: string): void {
  expect(answer.text).not.toContain('planted')
  expect(answer.status, answer.text).toBe(status)
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/)
  expect(answer.body).toMatchObject({
    status,
    type: expect.stringMatching(/^urn:custody:problem:/),
  })
  expect(answer.body.detail).not.toBe('')
  expect(answer.body.instance).toMatch(/^urn:uuid:/)
  if (code !== undefined) expect(answer.body.type).toBe(`urn:custody:problem:${code}`)
}

/** One of the errors names the field, or the field that it stands in. */
function expectNamed(errors: readonly Json[], part: string, { field, how, value }: Wrong): void {
  const fits = errors.some(({ in: where, field: named, rule }) => {
    if (where !== part || rule === '') return false
    return (
      named === field || named === '' || field.startsWith(`${named}.`) || named.startsWith(field)
    )
  })
  const what = `${how} ${field}: ${JSON.stringify(errors)} ${JSON.stringify(value).slice(0, 200)}`
  expect(fits, what).toBe(true)
  if (how !== 'missing') return
  const last = field.split('.').at(-1)!
  const says = errors.some(({ field: named, rule }) => named === field || rule.includes(last))
  expect(says, what).toBe(true)
}
