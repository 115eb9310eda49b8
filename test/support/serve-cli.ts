import { startCli, type Place } from './run-cli.ts'

/** `custody serve` as a process of its own, on a free port. */
export type Served = Readonly<{
  address: string
  /** The bootstrap token; null where the controller has tokens. */
  token: string | null
  /** All that it has written to its two streams. */
  written(): string
  /** Stops it as an operator does, or `SIGKILL`; resolves with the exit code when it is gone. */
  stop(signal?: 'SIGTERM' | 'SIGKILL'): Promise<number | null>
}>

const STARTING_MS = 120_000

/** Starts it and waits until it says where it serves. @throws Error with what it wrote when it does not */
export async function serveCli(place: Place, args: readonly string[] = []): Promise<Served> {
  const child = startCli(place, ['serve', '--port', '0', ...args])
  let written = ''
  const take = (chunk: Buffer) => void (written += chunk.toString())
  child.stdout!.on('data', take)
  child.stderr!.on('data', take)
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  const started = performance.now()
  while (!/OpenAPI page .*\n/.test(written)) {
    if (child.exitCode !== null || performance.now() - started > STARTING_MS) {
      child.kill('SIGKILL')
      throw new Error(`it did not start: ${written}`)
    }
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  // The token is written in the same turn as the page.
  await new Promise((resolve) => setTimeout(resolve, 50))
  return {
    address: /serves \S+ at (\S+)/.exec(written)![1]!,
    token: /Bootstrap token[^:]*: (\S+)/.exec(written)?.[1] ?? null,
    written: () => written,
    stop(signal = 'SIGTERM') {
      child.kill(signal)
      return ended
    },
  }
}
