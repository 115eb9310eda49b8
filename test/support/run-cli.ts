import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ledgerSettings } from './event-store-of.ts'

const program = fileURLToPath(new URL('../../src/cli/custody.mjs', import.meta.url))

export type Ended = Readonly<{ code: number | null; out: string; err: string }>

/** Where a command runs: its data, and the root key, which lies elsewhere. */
export type Place = Readonly<{
  data: string
  rootKeyFile: string
  controller?: string
  /** As `CUSTODY_WEBHOOK_ALLOW`. */
  webhookAllow?: string
  /** The test is of files: they are used also where an event store is named for the tests. */
  embedded?: true
  /** As `CUSTODY_EVENTSTORE`. */
  eventStore?: string
}>

/** Starts `custody` as a process of its own; the environment has nothing of Custody but the place. */
export function startCli(place: Place, args: readonly string[]): ChildProcess {
  const environment = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith('CUSTODY_')),
  )
  return spawn(process.execPath, [program, ...args], {
    env: {
      ...environment,
      CUSTODY_DATA: place.data,
      CUSTODY_ROOT_KEY_FILE: place.rootKeyFile,
      ...(place.embedded ? {} : ledgerSettings(place.data)),
      ...(place.eventStore ? { CUSTODY_EVENTSTORE: place.eventStore } : {}),
      ...(place.controller ? { CUSTODY_CONTROLLER: place.controller } : {}),
      ...(place.webhookAllow ? { CUSTODY_WEBHOOK_ALLOW: place.webhookAllow } : {}),
    },
  })
}

/** Runs `custody` to its end. `input` is what stands on its standard input. */
export async function runCli(
  place: Place,
  args: readonly string[],
  input: string | null = null,
): Promise<Ended> {
  const child = startCli(place, args)
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout!.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr!.on('data', (chunk: Buffer) => err.push(chunk))
  child.stdin!.on('error', () => undefined)
  child.stdin!.end(input ?? '')
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, out: Buffer.concat(out).toString(), err: Buffer.concat(err).toString() }
}
