import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { START } from '../../../src/domain/values.ts'
import { LogUnavailable, NO_STREAM, type LogRecord } from '../../../src/ledger/event-log.ts'
import { openHastily } from '../../support/eventstore/open-log.ts'
import { StandIn } from '../../support/eventstore/stand-in.ts'
import { until } from '../../support/eventstore/until.ts'
import { records, stream } from '../../support/log-records.ts'
import { receiverCertificate } from '../../support/receiver-certificate.ts'

describe('a connection with TLS', () => {
  const directory = mkdtempSync(join(tmpdir(), 'custody-event-store-tls-'))
  const authority = join(directory, 'ca.pem')
  let standIn: StandIn
  beforeAll(async () => {
    writeFileSync(authority, receiverCertificate)
    standIn = await StandIn.start({ tls: true })
  })
  afterAll(async () => {
    await standIn.kill()
    rmSync(directory, { recursive: true, force: true })
  })
  const to = (rest: string) => ({ connectionString: `esdb://${rest}` })

  it('says who we are, as the connection string names it', async () => {
    const log = openHastily(
      to(`custody:pass%40word@127.0.0.1:${standIn.port}?tlsCAFile=${authority}`),
    )
    const given = records(1)
    expect(await log.append(stream('a'), NO_STREAM, given)).toMatchObject({ status: 'appended' })
    const following = log.follow(START, 10, new AbortController().signal)[Symbol.asyncIterator]()
    const { value } = (await following.next()) as { value: readonly LogRecord[] }
    expect(value.map(({ id }) => id)).toEqual(given.map(({ id }) => id))
    const { authorization, batchAppends } = await standIn.counts()
    expect(Buffer.from(authorization.replace('Basic ', ''), 'base64').toString()).toBe(
      'custody:pass@word',
    )
    expect(batchAppends).toBe(0)
    await log.close()
  })

  it('is not made with a server whose certificate nobody vouches for', async () => {
    const options = { patienceMs: 500 }
    const log = openHastily(to(`custody:secret@127.0.0.1:${standIn.port}`), options)
    const before = await standIn.counts()
    const asked = log.append(stream('b'), NO_STREAM, records(1))
    await expect(asked).rejects.toThrow(LogUnavailable)
    await expect(asked).rejects.not.toThrow('secret')
    expect((await standIn.counts()).appends).toBe(before.appends)
    await log.close()
  })
})

describe('a connection to a cluster', () => {
  it('finds the leader by gossip, and the next one when it is gone', async () => {
    const [first, second] = await Promise.all([StandIn.start(), StandIn.start()])
    try {
      const gossip = async (leader: StandIn | null) => {
        const members = [first, second].map(({ port }) => ({
          port,
          alive: leader !== null && (leader === first || port === second.port),
          leader: leader?.port === port,
        }))
        await second.set({ members })
        if (leader === first) await first.set({ members })
      }
      await gossip(first)
      // The stand-ins copy nothing from each other: what the second gets comes behind all else at least.
      await second.tell({ kind: 'foreign', count: 50, stream: '$stats' })
      const log = openHastily({
        connectionString: `esdb://127.0.0.1:${first.port},127.0.0.1:${second.port}?tls=false`,
      })
      const seen: string[] = []
      const following = (async () => {
        for await (const page of log.follow(START, 10, new AbortController().signal)) {
          seen.push(...page.map(({ id }) => id))
        }
      })()
      const before = records(1)
      await log.append(stream('a'), NO_STREAM, before)
      expect((await first.counts()).events).toBe(1)
      await until(() => seen.length === 1)

      // Nobody can be found for a while, then the second leads. Nothing may end the process meanwhile.
      await gossip(null)
      await first.kill()
      const given = records(1)
      const appending = log.append(stream('b'), NO_STREAM, given)
      await new Promise((resolve) => setTimeout(resolve, 800))
      await second.set({ members: [{ port: second.port, alive: true, leader: true }] })
      expect(await appending).toMatchObject({ status: 'appended' })
      expect((await second.counts()).events).toBe(51)
      await until(() => seen.length === 2)
      await log.close()
      await following
      expect(seen).toEqual([...before, ...given].map(({ id }) => id))
    } finally {
      await Promise.all([first.kill(), second.kill()])
    }
  })

  it('may find nobody while calls still fail on the old connection, and the process goes on', async () => {
    const standIn = await StandIn.start()
    const members = [{ port: standIn.port, alive: true, leader: true }]
    const host = `127.0.0.1:${standIn.port}`
    const log = openHastily({
      connectionString: `esdb://${host},${host}?tls=false&maxDiscoverAttempts=3&discoveryInterval=100`,
    })
    try {
      await standIn.set({ members })
      await log.append(stream('a'), NO_STREAM, records(1))
      // The first failure starts a search that finds nobody; the second comes while it goes on.
      await standIn.set({ members: [], unavailableAfterMs: [1, 200] })
      const appending = ['b', 'c'].map((name) => log.append(stream(name), NO_STREAM, records(1)))
      await new Promise((resolve) => setTimeout(resolve, 700))
      await standIn.set({ members })
      for (const answer of await Promise.all(appending)) expect(answer.status).toBe('appended')
    } finally {
      await log.close()
      await standIn.kill()
    }
  })
})
