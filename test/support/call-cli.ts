import { main } from '../../src/cli/program.ts'
import { ledgerSettings } from './event-store-of.ts'
import type { Ended, Place } from './run-cli.ts'

/**
 * Runs the command line as `runCli` does, but in this process: a process of its own for each of many
 * questions takes long. One at a time; what it writes to the two streams is kept from the terminal.
 */
export async function callCli(place: Place, args: readonly string[]): Promise<Ended> {
  const environment = { ...process.env }
  const streams = { out: process.stdout, err: process.stderr }
  const written = { out: '', err: '' }
  const write = {
    out: streams.out.write.bind(streams.out),
    err: streams.err.write.bind(streams.err),
  }
  process.env['CUSTODY_DATA'] = place.data
  process.env['CUSTODY_ROOT_KEY_FILE'] = place.rootKeyFile
  if (!place.embedded) Object.assign(process.env, ledgerSettings(place.data))
  for (const name of ['out', 'err'] as const) {
    streams[name].write = (text: string | Uint8Array) => {
      written[name] += typeof text === 'string' ? text : Buffer.from(text).toString()
      return true
    }
  }
  try {
    const code = await main(['node', 'custody', ...args])
    return { code, ...written }
  } finally {
    process.env = environment
    streams.out.write = write.out
    streams.err.write = write.err
  }
}
