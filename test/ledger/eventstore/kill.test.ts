import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { START, type EventId, type Revision } from '../../../src/domain/values.ts'
import { NO_STREAM, type LogRecord } from '../../../src/ledger/event-log.ts'
import { openHastily } from '../../support/eventstore/open-log.ts'
import { StandIn } from '../../support/eventstore/stand-in.ts'
import { until } from '../../support/eventstore/until.ts'
import { records, stream } from '../../support/log-records.ts'
import { randomFrom, seed } from '../../support/seed.ts'

/** More of them for a longer look: CUSTODY_KILLS=50. */
const kills = Number(process.env['CUSTODY_KILLS'] ?? 10)
const streams = 16
const directory = mkdtempSync(join(tmpdir(), 'custody-event-store-'))
afterAll(() => rmSync(directory, { recursive: true, force: true }))

describe('killing the server', () => {
  it(
    `loses nothing that was acknowledged and doubles nothing, ${kills} times under load`,
    async () => {
      const random = randomFrom(seed())
      const standIn = await StandIn.start({ path: join(directory, 'journal') })
      const log = openHastily(standIn, { patienceMs: 20_000 })
      const acknowledged = new Map<number, EventId[]>()
      const stopping = new AbortController()

      const appendTo = async (name: number): Promise<void> => {
        const ids: EventId[] = []
        acknowledged.set(name, ids)
        let last: number = NO_STREAM
        while (!stopping.signal.aborted) {
          const given = records(1 + Math.floor(random() * 3))
          const answer = await log.append(stream(name), last as Revision, given)
          // Nobody else writes to it: a conflict would say that something is there which wasn't acknowledged.
          if (answer.status === 'conflict') throw new Error(`${name} stands at ${answer.actual}`)
          ids.push(...given.map(({ id }) => id))
          last = answer.revision
        }
      }
      const load = Promise.all(Array.from({ length: streams }, (_, name) => appendTo(name)))
      const following = new AbortController()
      const seen: LogRecord[] = []
      const followed = (async () => {
        for await (const page of log.follow(START, 100, following.signal)) seen.push(...page)
      })()

      for (let kill = 0; kill < kills; kill += 1) {
        await new Promise((resolve) => setTimeout(resolve, 50 + random() * 250))
        await standIn.kill()
        await standIn.restart()
      }
      await new Promise((resolve) => setTimeout(resolve, 200))
      stopping.abort()
      await load

      const all: LogRecord[] = []
      for (let page = await log.readAll(START, 1_000); page.length > 0;) {
        all.push(...page)
        page = await log.readAll(all.at(-1)?.position ?? START, 1_000)
      }
      const byStream = Map.groupBy(all, (one) => one.stream)
      for (const [name, ids] of acknowledged) {
        expect(byStream.get(stream(name))?.map(({ id }) => id) ?? []).toEqual(ids)
      }
      expect(all.length).toBeGreaterThan(kills)
      await until(() => seen.length >= all.length)
      following.abort()
      await followed
      expect(seen).toEqual(all)
      await log.close()
      await standIn.kill()
    },
    60_000 + kills * 2_000,
  )
})
