import { rmSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Position, Revision } from '../../src/domain/values.ts'
import type { SignedHead } from '../../src/notary/notary.ts'
import { verifyCheckpoint } from '../../src/proof/checkpoint.ts'
import { verifyConsistency, verifyInclusion } from '../../src/proof/merkle.ts'
import { parseVerifierKey } from '../../src/proof/note.ts'
import { verifyHead } from '../../src/proof/stream-map.ts'
import { checkpointStream } from '../../src/notary/checkpoint-event.ts'
import { randomFrom, seed } from '../support/seed.ts'
import { acme, beta, everything, openDesk, personStream, reference, type Desk } from './support.ts'

let desk: Desk
beforeAll(async () => {
  desk = await openDesk()
})
afterAll(() => desk.dispose())

const said = ({ size, root, streams }: SignedHead) => ({ size, root, streams })

describe('the notary of a ledger that grows', { timeout: 60_000 }, () => {
  const signed: SignedHead[] = []

  it('has signed nothing before there is anything, and makes no event', async () => {
    expect(await desk.notary.checkpoint(acme)).toBeNull()
    expect(await desk.log.head()).toBe(0)
  })

  it('signs the roots that the definitions give, for each controller by itself', async () => {
    const random = randomFrom(seed())
    for (let round = 0; round < 25; round += 1) {
      for (let turn = 0; turn < 1 + random() * 8; turn += 1) {
        const controller = random() < 0.7 ? acme : beta
        await desk.tell(controller, Math.floor(random() * 60), 1 + Math.floor(random() * 40))
      }
      const one = await desk.notary.checkpoint(acme)
      if (one && one.size !== signed.at(-1)?.size) signed.push(one)
      if (one) expect(said(one)).toEqual(await reference(desk.log, acme))
    }
    expect(signed.length).toBeGreaterThan(15)
    const other = await desk.notary.checkpoint(beta)
    expect(said(other!)).toEqual(await reference(desk.log, beta))
    expect(other!.origin).toBe('custody.test/beta-store')
  })

  it('signs nothing anew where nothing is new', async () => {
    const head = await desk.log.head()
    expect(await desk.notary.checkpoint(acme)).toEqual(signed.at(-1))
    expect(await desk.notary.latest(acme)).toEqual(signed.at(-1))
    expect(await desk.log.head()).toBe(head)
  })

  it('is verified by the key that it names', async () => {
    const { origin, verifierKey } = await desk.notary.identity(acme)
    const keys = [parseVerifierKey(verifierKey)!]
    for (const { note, size, root } of signed) {
      const verified = verifyCheckpoint(note, { origin, keys })
      expect(verified).toMatchObject({ ok: true, value: { checkpoint: { size, root } } })
    }
  })

  it('proves that every tree it signed begins with every one before', async () => {
    for (const [place, newer] of signed.entries()) {
      for (const older of signed.slice(0, place + 1)) {
        const proved = await desk.notary.consistency(acme, older.size, newer.size)
        if (!proved.ok) throw new Error(proved.message)
        const { path } = proved.value
        expect(verifyConsistency({ older: said(older), newer: said(newer), path })).toBeNull()
      }
    }
  })

  it('proves every event, by position and by revision, in the newest tree and in older ones', async () => {
    const records = await everything(desk.log)
    const newest = signed.at(-1)!
    for (const { stream, revision, position } of records) {
      const proved = await desk.notary.prove(acme, { position })
      if (!stream.startsWith(`subject-${acme}`)) {
        expect(proved).toMatchObject({ ok: false, problem: 'no_such_event' })
        continue
      }
      if (!proved.ok) throw new Error(proved.message)
      expect(proved.value.signed).toEqual(newest)
      expect(verifyInclusion({ ...proved.value, root: newest.root })).toBeNull()
      if (position % 29 !== 0) continue
      expect(await desk.notary.prove(acme, { stream, revision })).toEqual(proved)
      for (const older of signed.slice(0, -1)) {
        const then = await desk.notary.prove(acme, { position }, older.size)
        if (proved.value.index >= older.size) {
          expect(then).toMatchObject({ ok: false, problem: 'not_covered' })
        } else if (then.ok) {
          expect(verifyInclusion({ ...then.value, root: older.root })).toBeNull()
        } else throw new Error(then.message)
      }
    }
  })

  it('proves how far every stream goes, and that there is no other', async () => {
    const newest = signed.at(-1)!
    for (let person = 0; person < 70; person += 1) {
      const stream = personStream(acme, person)
      const proved = await desk.notary.headProof(acme, stream)
      if (!proved.ok) throw new Error(proved.message)
      const { head, proof } = proved.value
      const events = await desk.log.readStream(stream, 0 as Revision, 10_000)
      expect(head?.events ?? 0).toBe(events.length)
      expect(verifyHead(newest.streams.root, stream, head, proof)).toBeNull()
      if (head) expect(verifyHead(newest.streams.root, stream, null, proof)).not.toBeNull()
    }
  })

  it('says what it cannot prove', async () => {
    const [record] = await desk.tell(acme, 1)
    const { position } = record!
    expect(await desk.notary.prove(acme, { position })).toMatchObject({ problem: 'not_covered' })
    expect(await desk.notary.prove(acme, { position }, 1_000_000)).toMatchObject({
      problem: 'no_such_size',
    })
    const checkpoint = (await desk.log.readStream(checkpointStream(acme), 0 as Revision, 1))[0]!
    for (const none of [1_000_000 as Position, checkpoint.position]) {
      expect(await desk.notary.prove(acme, { position: none })).toMatchObject({
        problem: 'no_such_event',
      })
    }
    expect(await desk.notary.consistency(acme, 3, 2)).toMatchObject({ problem: 'no_such_size' })
    expect(await desk.notary.consistency(acme, 3, 1_000_000)).toMatchObject({
      problem: 'no_such_size',
    })
    // The map stays as it was signed, whatever came since.
    const stream = personStream(acme, 1)
    const proved = await desk.notary.headProof(acme, stream)
    if (!proved.ok) throw new Error(proved.message)
    expect(proved.value.signed).toEqual(signed.at(-1))
    expect(proved.value.head?.events ?? 0).toBe(record!.revision)
  })

  it('comes to the same from the ledger alone', async () => {
    const again = await desk.notary.checkpoint(acme)
    await desk.close()
    for (const ending of ['', '-wal', '-shm'])
      rmSync(`${desk.notaryPath}${ending}`, { force: true })
    desk = await desk.reopen()
    await desk.notary.check()
    expect(await desk.notary.checkpoint(acme)).toEqual(again)
    expect(said(again!)).toEqual(await reference(desk.log, acme))
    await desk.tell(acme, 61, 300)
    expect(said((await desk.notary.checkpoint(acme))!)).toEqual(await reference(desk.log, acme))
  })
})
