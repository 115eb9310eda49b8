import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { streamName } from '../../src/domain/envelope.ts'
import { verifyCheckpoint } from '../../src/proof/checkpoint.ts'
import { hashLeaf, rootOf, verifyConsistency, verifyInclusion } from '../../src/proof/merkle.ts'
import { parseVerifierKey, type VerifierKey } from '../../src/proof/note.ts'
import { verifyHead } from '../../src/proof/stream-map.ts'
import { decodeEntries } from '../../src/proof/tiles.ts'
import { verifyTlogProof } from '../../src/proof/tlog-proof.ts'
import { symphony } from '../support/stack.ts'
import { openApi, prospect, stranger, type Answer, type Harness, type Json } from './harness.ts'

let api: Harness
let keys: VerifierKey[]
let origin: string
let checkpoint: Json
/** The position of an act whose person is `subject`. */
let position: number
let subject: string

const bytes = (text: string) => Buffer.from(text, 'base64')
const get = (url: string, as: 'auditor' | 'stranger' = 'auditor'): Promise<Answer> =>
  api.ask({ url, as })
const record = async (address: string): Promise<Answer> =>
  api.ask({ method: 'POST', url: '/v1/acts', as: 'source', body: prospect(address) })

beforeAll(async () => {
  api = await openApi()
  const identity = await api.stack.custody.notary.identity(symphony)
  origin = identity.origin
  keys = [parseVerifierKey(identity.verifierKey)!]
})
afterAll(() => api.close())

describe('a checkpoint', () => {
  it('is not there before one is asked for', async () => {
    for (const url of ['/v1/checkpoint', `/log/${symphony}/checkpoint`]) {
      expect(await get(url)).toMatchObject({ status: 404 })
    }
    const { status } = await get('/v1/proofs/inclusion?position=1')
    expect(status).toBe(404)
  })

  it('is signed when an officer asks, and is verified by the pinned key', async () => {
    const said = await record('proofs-1@example.org')
    ;({ position, subject } = said.body)
    const answer = await api.ask({ method: 'POST', url: '/v1/checkpoint', as: 'officer' })
    expect(answer.status).toBe(200)
    checkpoint = answer.body
    expect(verifyCheckpoint(checkpoint.note, { origin, keys })).toMatchObject({
      ok: true,
      value: { checkpoint: { size: checkpoint.size, root: bytes(checkpoint.root) } },
    })
  })

  it('stays the newest while nothing is new', async () => {
    const again = await api.ask({ method: 'POST', url: '/v1/checkpoint', as: 'officer', body: {} })
    expect(again.body).toEqual(checkpoint)
    expect((await get('/v1/checkpoint')).body).toEqual(checkpoint)
  })

  it('is not signed for a source or counsel', async () => {
    for (const as of ['source', 'counsel'] as const) {
      const answer = await api.ask({ method: 'POST', url: '/v1/checkpoint', as })
      expect(answer.status).toBe(403)
    }
  })

  it('is each controller’s own', async () => {
    expect(await get('/v1/checkpoint', 'stranger')).toMatchObject({ status: 404 })
    await api.ask({ method: 'POST', url: '/v1/checkpoint', as: 'stranger' })
    const { body } = await get('/v1/checkpoint', 'stranger')
    expect(body).toMatchObject({ origin: `custody.local/${stranger}`, size: 1 })
    expect(await get(`/v1/proofs/inclusion?position=${position}`, 'stranger')).toMatchObject({
      status: 404,
    })
  })
})

describe('a proof', () => {
  it('says that an event is in the signed history, offline too', async () => {
    const { body } = await get(`/v1/proofs/inclusion?position=${position}`)
    const entry = Buffer.from(body.entry)
    expect(body.stream).toBe(streamName('subject', symphony, subject))
    const claim = { ...body, leaf: hashLeaf(entry), root: bytes(checkpoint.root) }
    expect(verifyInclusion({ ...claim, path: body.path.map(bytes) })).toBeNull()
    expect(verifyTlogProof(body.proof, { entry, origin, keys })).toMatchObject({ ok: true })
  })

  it('of an event that is not signed yet is not there, and then is', async () => {
    const said = await record('proofs-2@example.org')
    const url = `/v1/proofs/inclusion?position=${said.body.position}`
    expect(await get(url)).toMatchObject({ status: 404 })
    expect((await get(url)).body.detail).toMatch(/ask for a checkpoint/)
    await api.ask({ method: 'POST', url: '/v1/checkpoint', as: 'auditor' })
    expect(await get(url)).toMatchObject({ status: 200 })
  })

  it('says that the newer history begins with the older', async () => {
    const newer = (await get('/v1/checkpoint')).body
    const { body } = await get(`/v1/proofs/consistency?older=${checkpoint.size}`)
    expect(body.older).toEqual({ size: checkpoint.size, root: checkpoint.root })
    expect(body.newer).toEqual({ size: newer.size, root: newer.root })
    const head = ({ size, root }: Json) => ({ size, root: bytes(root) })
    const claim = { older: head(checkpoint), newer: head(newer), path: body.path.map(bytes) }
    expect(verifyConsistency(claim)).toBeNull()
    expect(await get('/v1/proofs/consistency?older=1000000')).toMatchObject({ status: 404 })
  })

  it('says how far a stream goes, and that another is none', async () => {
    for (const id of [subject, 'f'.repeat(32)]) {
      const stream = streamName('subject', symphony, id)
      const question = { method: 'POST', url: '/v1/proofs/stream', as: 'counsel' } as const
      const { body } = await api.ask({ ...question, body: { stream } })
      const head = body.head && { ...body.head, newest: bytes(body.head.newest) }
      const other = body.other && {
        ...body.other,
        key: bytes(body.other.key),
        newest: bytes(body.other.newest),
      }
      const proof = { siblings: body.siblings.map(bytes), other }
      const root = bytes(body.checkpoint.streams.root)
      expect(verifyHead(root, stream, head, proof)).toBeNull()
      expect(head === null).toBe(id !== subject)
    }
  })
})

describe('the log as monitors read it', () => {
  it('gives the note, the tiles and the entries, which lead to the signed root', async () => {
    const note = await get(`/log/${symphony}/checkpoint`)
    expect(note.headers['content-type']).toMatch(/^text\/plain/)
    const verified = verifyCheckpoint(note.text, { origin, keys })
    if (!verified.ok) throw new Error(verified.problem.message)
    const { size, root } = verified.value.checkpoint
    const tile = await raw(`/log/${symphony}/tile/0/000.p/${size}`)
    const entries = decodeEntries(await raw(`/log/${symphony}/tile/entries/000.p/${size}`))!
    expect(entries).toHaveLength(size)
    const leaves = entries.map(hashLeaf)
    expect(Buffer.concat(leaves).equals(tile)).toBe(true)
    expect(rootOf(leaves)).toEqual(root)
  })

  it('has no other tiles, and none for others', async () => {
    for (const path of ['0/000', '0/001', '1/000', '0/0', '9/x001/000', 'entries/000', '../..']) {
      expect(await get(`/log/${symphony}/tile/${path}`)).toMatchObject({ status: 404 })
    }
    expect(await get(`/log/${symphony}/checkpoint`, 'stranger')).toMatchObject({ status: 404 })
    expect(await api.ask({ url: `/log/${symphony}/tile/0/000`, as: null })).toMatchObject({
      status: 401,
    })
  })
})

async function raw(url: string): Promise<Buffer> {
  const headers = { authorization: `Bearer ${api.tokens.auditor}` }
  const answer = await api.app.inject({ url, headers })
  expect({ url, status: answer.statusCode }).toEqual({ url, status: 200 })
  expect(answer.headers['content-type']).toBe('application/octet-stream')
  return answer.rawPayload
}
