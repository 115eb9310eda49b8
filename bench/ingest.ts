import { join } from 'node:path'
import { measure, summary, type Measured } from './rounds.ts'
import { acts } from './support/lines.ts'
import { insertRaw } from './support/raw-sqlite.ts'
import { startCustody, type Server } from './support/server.ts'
import { inDirectory } from './support/workspace.ts'

const people = 1_000
const count = 20_000

/**
 * P2: acts as NDJSON through `POST /v1/acts/batch`, judged, sealed and durable when answered, with live
 * projections, beside the same texts into a plain table of node:sqlite. `ratio` is in events a second.
 */
export async function ingest(): Promise<Measured> {
  return inDirectory(async (directory) => {
    const custody = await startCustody(directory, people)
    try {
      await send(custody, textsOf(1))
      const rounds = await measure('P2', async (index) => {
        const texts = textsOf(index + 2)
        const raw = insertRaw(join(directory, `raw-${index}.sqlite`), texts)
        const ours = await send(custody, texts)
        return { ours: (count / ours) * 1000, limit: (count / raw) * 1000 }
      })
      return summary('events/s', rounds)
    } finally {
      await custody.stop()
    }
  })
}

function textsOf(seed: number): string[] {
  return [...acts(count, people, seed)].map((line) => JSON.stringify(line))
}

/** Sends one batch and reads the answer to its end. How long that took, in milliseconds. */
async function send({ address, token }: Server, texts: readonly string[]): Promise<number> {
  const body = Buffer.from(texts.join('\n'))
  const began = performance.now()
  const answer = await fetch(`${address}/v1/acts/batch`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-ndjson', authorization: `Bearer ${token}` },
    body,
  })
  const outcomes = await answer.text()
  const milliseconds = performance.now() - began
  const recorded = outcomes.split('"outcome":"recorded"').length - 1
  if (recorded !== texts.length) {
    throw new Error(`${recorded} of ${texts.length} were recorded: ${outcomes.slice(0, 500)}`)
  }
  return milliseconds
}
