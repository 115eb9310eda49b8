import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Counts, Faults, Order, StandInOptions } from './orders.ts'

const program = fileURLToPath(new URL('../eventstore-process.ts', import.meta.url))

/** The stand-in for EventStoreDB in a process of its own, and the channel over which it is told what to do. */
export class StandIn {
  readonly #options: StandInOptions
  #child: ChildProcess
  #number = 0

  private constructor(child: ChildProcess, options: StandInOptions) {
    this.#child = child
    this.#options = options
  }

  /** Starts one; with a file it keeps what it acknowledged. */
  static async start(given: Partial<StandInOptions> = {}): Promise<StandIn> {
    const options = { port: 0, path: null, tls: false, ...given }
    const { child, port } = await startProcess(options)
    return new StandIn(child, { ...options, port })
  }

  get port(): number {
    return this.#options.port
  }

  /** Without TLS and without a user. */
  get connectionString(): string {
    return `esdb://127.0.0.1:${this.port}?tls=false`
  }

  /** Tells it something; resolves with its counts when it is done. */
  async tell(order: Order): Promise<Counts> {
    this.#number += 1
    const number = this.#number
    const told = new Promise<Counts>((resolve, reject) => {
      const hear = (answer: { number?: number; counts: Counts }) => {
        if (answer.number !== number) return
        this.#child.off('message', hear)
        this.#child.off('exit', gone)
        resolve(answer.counts)
      }
      const gone = () => reject(new Error('the stand-in is gone'))
      this.#child.on('message', hear)
      this.#child.once('exit', gone)
    })
    this.#child.send({ number, order })
    return told
  }

  async set(faults: Partial<Faults>): Promise<void> {
    await this.tell({ kind: 'set', faults })
  }

  counts(): Promise<Counts> {
    return this.tell({ kind: 'count' })
  }

  /** Kills it; `restart` brings it back at the same port. */
  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const gone = once(this.#child, 'exit')
    this.#child.kill('SIGKILL')
    await gone
  }

  async restart(): Promise<void> {
    const { child } = await startProcess(this.#options)
    this.#child = child
  }
}

async function startProcess(options: StandInOptions) {
  const child = fork(program, [JSON.stringify(options)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    execArgv: [],
  })
  const failed = once(child, 'exit').then(() => {
    throw new Error("the stand-in didn't start")
  })
  failed.catch(() => {})
  const [ready] = (await Promise.race([once(child, 'message'), failed])) as [{ port: number }]
  return { child, port: ready.port }
}
