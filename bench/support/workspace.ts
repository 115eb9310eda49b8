import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { LineInput } from '../../src/application/lines.ts'
import type { Caller } from '../../src/application/services.ts'
import { configure, type Configuration } from '../../src/config.ts'
import { Channel, Day, Instant, Principal, Reference } from '../../src/domain/values.ts'
import { openCustody, type Custody } from '../../src/main.ts'
import { parsed } from './lines.ts'

const policyFile = new URL('../../policies/symphony-commerce-2014-06-30.yaml', import.meta.url)

/** A new directory. It goes when `removeDirectory` is called for it. */
export function makeDirectory(): string {
  return mkdtempSync(join(tmpdir(), 'custody-bench-'))
}

/** Removes what `makeDirectory` made, with everything in it. */
export function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true, force: true })
}

/** A directory that is gone when the work is done. */
export async function inDirectory<T>(work: (directory: string) => Promise<T>): Promise<T> {
  const directory = makeDirectory()
  try {
    return await work(directory)
  } finally {
    removeDirectory(directory)
  }
}

/** The configuration of a ledger of its own under the directory. */
export function configurationIn(directory: string): Configuration {
  return configure({
    CUSTODY_DATA: join(directory, 'data'),
    CUSTODY_ROOT_KEY_FILE: join(directory, 'root.key'),
    CUSTODY_LOG_LEVEL: 'silent',
  })
}

/** Who records in the benchmarks. */
export function callerOf({ controller }: Configuration): Caller {
  return { controller, principal: Principal.parse('cli:bench'), correlation: 'bench' }
}

/** Opens the whole ledger in the directory and closes it when the work is done. */
export async function withCustody<T>(
  directory: string,
  work: (custody: Custody, caller: Caller) => Promise<T>,
): Promise<T> {
  const configuration = configurationIn(directory)
  const custody = await openCustody(configuration)
  try {
    return await work(custody, callerOf(configuration))
  } finally {
    await custody.close()
  }
}

/** Publishes the example policy and brings it into force, as long ago as its own date. */
export async function publishPolicy({ services }: Custody, caller: Caller): Promise<void> {
  const step = {
    policy: Reference.parse('symphony-commerce-privacy'),
    version: Day.parse('2014-06-30'),
  }
  const document = readFileSync(policyFile, 'utf8')
  await services.policies.publish(caller, document, Instant.parse('2014-06-16T16:00:00.000Z'))
  const notice = {
    channel: Channel.parse('email'),
    on: Day.parse('2014-06-16'),
    evidence: 'Mailing',
  }
  await services.policies.giveNotice(caller, { ...step, ...notice })
  const effective = await services.policies.bringIntoEffect(caller, step)
  if (effective.outcome !== 'recorded') throw new Error("couldn't bring the policy into force")
}

const together = 1_000

/** Records all lines through the services. @throws Error when one of them is not recorded */
export async function recordLines(
  { services }: Custody,
  caller: Caller,
  lines: Iterable<LineInput>,
): Promise<void> {
  let batch: { line: ReturnType<typeof parsed>; operation: null }[] = []
  const flush = async () => {
    for (const one of await services.recording.recordAll(caller, batch)) {
      if (one.outcome !== 'recorded') throw new Error(`not recorded: ${JSON.stringify(one)}`)
    }
    batch = []
  }
  for (const line of lines) {
    batch.push({ line: parsed(line), operation: null })
    if (batch.length === together) await flush()
  }
  if (batch.length > 0) await flush()
}
