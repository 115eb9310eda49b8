import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { StreamName } from '../../src/domain/envelope.ts'
import { START, type Revision } from '../../src/domain/values.ts'
import type { EventReader, LogRecord } from '../../src/ledger/event-log.ts'
import { openSqliteEventReader } from '../../src/ledger/sqlite/event-reader.ts'
import { openSqliteEventLog } from '../../src/ledger/sqlite/event-log.ts'
import { record } from '../support/log-records.ts'
import { randomFrom, seed } from '../support/seed.ts'

const kills = 20
const program = fileURLToPath(new URL('../support/log-load-process.ts', import.meta.url))
const directory = mkdtempSync(join(tmpdir(), 'custody-kill-'))
const path = join(directory, 'ledger.db')
afterAll(() => rmSync(directory, { recursive: true, force: true }))

type Acknowledged = { stream: StreamName; first: number; ids: string[] }

/** A process that will append once it is told to. Starting one takes long, so that is done ahead. */
function startProcess() {
  const child = spawn(process.execPath, [program, path], { stdio: ['pipe', 'pipe', 'inherit'] })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  return { child, closed: once(child, 'close'), output: () => text }
}

/** Lets these processes append, and kills them a moment after the first has said so many lines. */
async function appendUntilKilled(
  processes: readonly ReturnType<typeof startProcess>[],
  afterLines: number,
  andMs: number,
): Promise<Acknowledged[]> {
  for (const { child } of processes) child.stdin.write('go\n')
  while (!processes.some(({ output }) => output().split('\n').length > afterLines)) {
    await Promise.race(processes.map(({ child }) => once(child.stdout, 'data')))
  }
  await new Promise((resolve) => setTimeout(resolve, andMs))
  for (const { child } of processes) child.kill('SIGKILL')
  for (const { closed } of processes) expect(await closed).toEqual([null, 'SIGKILL'])
  const lines = processes.flatMap(({ output }) => output().split('\n').slice(0, -1))
  return lines
    .filter((line) => line !== 'ready')
    .map((line) => {
      const [stream, first, ids] = line.split(' ')
      return { stream: stream as StreamName, first: Number(first), ids: ids?.split(',') ?? [] }
    })
}

async function everything(log: EventReader): Promise<LogRecord[]> {
  const all: LogRecord[] = []
  for (;;) {
    const page = await log.readAll(all.at(-1)?.position ?? START, 5000)
    if (page.length === 0) return all
    all.push(...page)
  }
}

function byStream(all: readonly LogRecord[]): Map<string, LogRecord[]> {
  return Map.groupBy(all, ({ stream }) => stream)
}

/** Each stream is one append after the other, each whole, at the revisions 0, 1, 2 … */
function expectNoHalf(streams: Map<string, LogRecord[]>): void {
  for (const [stream, records] of streams) {
    let left = 0
    let next = 0
    for (const [place, { revision, body }] of records.entries()) {
      const { index, of } = JSON.parse(body) as { index: number; of: number }
      if (left === 0) [left, next] = [of, 0]
      if (revision !== place || index !== next) {
        throw new Error(
          `record ${index} of ${of} stands at ${revision}, place ${place} of ${stream}`,
        )
      }
      left -= 1
      next += 1
    }
    expect(left).toBe(0)
  }
}

function expectAcknowledged(streams: Map<string, LogRecord[]>, acknowledged: Acknowledged[]): void {
  for (const { stream, first, ids } of acknowledged) {
    const there = streams.get(stream)?.slice(first, first + ids.length) ?? []
    if (there.map(({ id }) => id).join() === ids.join()) continue
    throw new Error(`lost: ${ids.join()} at ${first} of ${stream}`)
  }
}

describe('killing the process that appends', () => {
  it(`loses no acknowledged record and leaves no half append, ${kills} times on one file`, async () => {
    const random = randomFrom(seed())
    const acknowledged: Acknowledged[] = []
    let next = [startProcess()]
    for (let kill = 0; kill < kills; kill += 1) {
      // Each process goes on with the file that the one before it left; at times there are two.
      const processes = next
      next = kill + 1 === kills ? [] : Array.from({ length: kill % 5 === 4 ? 2 : 1 }, startProcess)
      const lines = 1 + Math.floor(random() * 150)
      acknowledged.push(...(await appendUntilKilled(processes, lines, random() * 20)))
      const reader = openSqliteEventReader(path)
      const streams = byStream(await everything(reader))
      await reader.close()
      expectNoHalf(streams)
      expectAcknowledged(streams, acknowledged)
    }
    expect(acknowledged.length).toBeGreaterThan(kills * 5)

    const log = await openSqliteEventLog({ path })
    const { stream, revision } = (await log.readAll(START, 1))[0] as LogRecord
    const last = (await log.readStream(stream, revision, 1_000_000)).length - 1
    const one = { ...record(''), body: '{"index":0,"of":1}' }
    const answer = await log.append(stream, last as Revision, [one])
    expect(answer).toMatchObject({ status: 'appended', revision: last + 1 })
    const streams = byStream(await everything(log))
    expectNoHalf(streams)
    expectAcknowledged(streams, acknowledged)
    await log.close()
  }, 180_000)
})
