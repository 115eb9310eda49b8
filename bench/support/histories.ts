import { join } from 'node:path'
import { tell } from '../rounds.ts'
import { acts, registrations } from './lines.ts'
import {
  makeDirectory,
  publishPolicy,
  recordLines,
  removeDirectory,
  withCustody,
} from './workspace.ts'

/** A ledger with its views, closed, as large as asked for. */
export type History = Readonly<{
  directory: string
  ledgerFile: string
  viewsFile: string
  /** Acts in it; there are a few events more, of the policy. */
  events: number
}>

const actsOfPerson = 10
const built = new Map<number, Promise<History>>()

/** A history of that many acts on a tenth as many people. One is made for each size in a run. */
export function historyOf(events: number): Promise<History> {
  const known = built.get(events)
  if (known) return known
  const building = build(events)
  built.set(events, building)
  return building
}

/** Removes the histories of this run. */
export async function removeHistories(): Promise<void> {
  for (const one of await Promise.allSettled(built.values())) {
    if (one.status === 'fulfilled') removeDirectory(one.value.directory)
  }
}

async function build(events: number): Promise<History> {
  const directory = makeDirectory()
  const began = performance.now()
  try {
    const people = Math.ceil(events / actsOfPerson)
    await withCustody(directory, async (custody, caller) => {
      await publishPolicy(custody, caller)
      await recordLines(custody, caller, registrations(people, 1))
      await recordLines(custody, caller, acts(events - people, people, 2))
      await custody.caughtUp()
    })
  } catch (error) {
    removeDirectory(directory)
    throw error
  }
  const seconds = (performance.now() - began) / 1000
  tell(`  a history of ${events} acts: ${seconds.toFixed(1)} s`)
  const data = join(directory, 'data')
  return {
    directory,
    ledgerFile: join(data, 'ledger.sqlite'),
    viewsFile: join(data, 'views.sqlite'),
    events,
  }
}
