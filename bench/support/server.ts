import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'

/** Where a server listens and what it wants to see. */
export type Serving = Readonly<{ address: string; token: string }>
export type Server = Serving & Readonly<{ stop: () => Promise<void> }>

const serverFile = fileURLToPath(new URL('./server-process.ts', import.meta.url))
const loadFile = fileURLToPath(new URL('./load-process.ts', import.meta.url))

/** Starts Custody, with so many people known, in a process of its own. */
export function startCustody(directory: string, people: number): Promise<Server> {
  return start(['custody', directory, String(people)])
}

/** Starts the server that only parses. */
export function startBare(): Promise<Server> {
  return start(['bare'])
}

async function start(parameters: readonly string[]): Promise<Server> {
  const child = fork(serverFile, parameters, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] })
  const serving = (await firstMessage(child)) as Serving
  return {
    ...serving,
    stop: async () => {
      child.send('stop')
      if (child.exitCode === null) await once(child, 'exit')
    },
  }
}

export type Load = Readonly<{
  address: string
  token: string
  seconds: number
  connections: number
  people: number
  seed: number
}>
/** Rates in requests a second, times in milliseconds. */
export type Loaded = Readonly<{ rate: number; p50: number; p99: number; failed: number }>

/** Puts load on a server from a process of its own. */
export async function load(task: Load): Promise<Loaded> {
  const child = fork(loadFile, [JSON.stringify(task)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const loaded = (await firstMessage(child)) as Loaded
  if (child.exitCode === null) await once(child, 'exit')
  if (loaded.failed > 0) throw new Error(`${loaded.failed} requests failed`)
  return loaded
}

async function firstMessage(child: ChildProcess): Promise<unknown> {
  const gone = once(child, 'exit').then(([code]) => {
    throw new Error(`the process ended with ${code} before it said anything`)
  })
  const [message] = await Promise.race([once(child, 'message'), gone])
  // It ends when its work is done, and that is no failure.
  gone.catch(() => {})
  return message
}
