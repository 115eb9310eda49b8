import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { v7 as uuidv7 } from 'uuid'
import type { Caller, LineOutcome } from '../../src/application/services.ts'
import { Line, type LineInput } from '../../src/application/lines.ts'
import { configure, type Configuration } from '../../src/config.ts'
import { ControllerId, Day, Principal, Reference, type Instant } from '../../src/domain/values.ts'
import { openCustody, type Custody, type OpenOptions } from '../../src/main.ts'
import { ledgerSettings } from './event-store-of.ts'

/** The whole ledger on real files in a temporary directory, wired by `main`. */
export type Stack = Readonly<{
  custody: Custody
  caller: Caller
  configuration: Configuration
  directory: string
  /** Records lines given loosely, parsed as the API parses them. */
  say(...lines: readonly LineInput[]): Promise<readonly LineOutcome[]>
  /** Closes everything; `reopen` opens the same files again. */
  close(): Promise<void>
  reopen(): Promise<Stack>
  /** Another node: opens the same files while this one has them open. */
  openBeside(): Promise<Stack>
  dispose(): Promise<void>
}>

export const symphony = ControllerId.parse('symphony-commerce')
export const examplePolicyFile = 'policies/symphony-commerce-2014-06-30.yaml'

/** Opens a stack. `policy`: the example policy is published, announced and in force. */
export async function openStack(
  options: {
    policy?: boolean
    controller?: string
    configuration?: Configuration
    /** As `CUSTODY_WEBHOOK_ALLOW`. */
    webhookAllow?: string
    open?: OpenOptions | undefined
  } = {},
): Promise<Stack> {
  const directory = mkdtempSync(join(tmpdir(), 'custody-'))
  const own = () =>
    configure(
      {
        CUSTODY_DATA: join(directory, 'data'),
        ...ledgerSettings(join(directory, 'data')),
        CUSTODY_ROOT_KEY: randomBytes(32).toString('base64'),
        CUSTODY_KEYRING: join(directory, 'epochs'),
        CUSTODY_NOTARY_KEY_FILE: join(directory, 'keys', 'notary.key'),
        CUSTODY_LOG_LEVEL: 'silent',
        CUSTODY_WEBHOOK_ALLOW: options.webhookAllow,
      },
      { controller: options.controller ?? symphony },
    )
  const stack = await stackOn(options.configuration ?? own(), directory, options.open)
  if (options.policy ?? true) await publishExample(stack)
  return stack
}

/** A node on this configuration; `directory` is removed when it is disposed of. */
export async function stackOn(
  configuration: Configuration,
  directory: string,
  options: OpenOptions = {},
): Promise<Stack> {
  const custody = await openCustody(configuration, options)
  const caller: Caller = {
    controller: configuration.controller,
    principal: Principal.parse('token:test'),
    correlation: uuidv7(),
  }
  let open = true
  const close = async () => {
    if (open) await custody.close()
    open = false
  }
  return {
    custody,
    caller,
    configuration,
    directory,
    say: (...lines) =>
      custody.services.recording.recordAll(
        caller,
        lines.map((line) => ({ line: Line.parse(line), operation: null })),
      ),
    close,
    async reopen() {
      await close()
      return stackOn(configuration, directory, options)
    },
    openBeside: () => stackOn(configuration, directory, options),
    async dispose() {
      await close()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** Publishes the example policy as the company did: published, announced, in force on its day. */
export async function publishExample({ custody, caller }: Stack): Promise<void> {
  const { policies } = custody.services
  const document = readFileSync(examplePolicyFile, 'utf8')
  const step = {
    policy: Reference.parse('symphony-commerce-privacy'),
    version: Day.parse('2014-06-30'),
  }
  const published = await policies.publish(caller, document, '2014-06-16T16:00:00.000Z' as Instant)
  const notice = { channel: 'email' as never, on: Day.parse('2014-06-16'), evidence: null }
  const announced = await policies.giveNotice(caller, { ...step, ...notice })
  const effective = await policies.bringIntoEffect(caller, step)
  for (const outcome of [published, announced, effective]) {
    if (outcome.outcome !== 'recorded') throw new Error(JSON.stringify(outcome))
  }
}

/** The file of an embedded store. */
export function fileOf(place: Configuration['ledger'] | Configuration['vault']): string {
  if (place.store === 'sqlite') return place.file
  throw new Error(`${place.store} is no file`)
}
