import type { Command } from 'commander'
import { v7 as uuidv7 } from 'uuid'
import { configure, type Configuration } from '../config.ts'
import type { Caller } from '../application/services.ts'
import { dayOf } from '../domain/policy/calendar.ts'
import { Principal, type Day } from '../domain/values.ts'
import { openCustody, type Custody } from '../main.ts'
import { createOutput, type Output } from './output.ts'

/** The options that every command has. */
export type CommonOptions = { data?: string; controller?: string; json?: boolean }

/** What a command runs in. */
export type Context = Readonly<{ configuration: Configuration; output: Output; caller: Caller }>

/** Adds the options that every command has. */
export function common(command: Command): Command {
  return command
    .option('--data <directory>', 'where the stores are (CUSTODY_DATA; default ./data)')
    .option('--controller <id>', 'for which controller (CUSTODY_CONTROLLER)')
    .option('--json', 'one JSON value on standard output, for machines')
}

/** @throws BadConfiguration */
export function contextOf(options: CommonOptions): Context {
  const configuration = configure(process.env, options)
  return {
    configuration,
    output: createOutput(options.json ?? false, { out: process.stdout, err: process.stderr }),
    caller: {
      controller: configuration.controller,
      principal: Principal.parse('cli:operator'),
      correlation: uuidv7(),
    },
  }
}

/** Opens the stores, does the work and lets go of them, whatever happens. */
export async function withCustody<T>(
  { configuration }: Context,
  work: (custody: Custody) => Promise<T>,
): Promise<T> {
  const custody = await openCustody(configuration)
  try {
    return await work(custody)
  } finally {
    await custody.close()
  }
}

/** Today where the controller keeps its calendar: what is due there tomorrow is not due yet. */
export async function today(
  { services, now }: Custody,
  { caller }: Pick<Context, 'caller'>,
): Promise<Day> {
  return dayOf(now(), await services.policies.timeZone(caller))
}
