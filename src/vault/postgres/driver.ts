import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { VaultUnavailable } from '../vault.ts'

/** How to reach the server. TLS is asked for in the connection string: `?sslmode=verify-full`. */
export type PostgresServer = Readonly<{
  /** `postgres://user:password@host:5432/database`. Directly or by session pooling, never by statement. */
  connectionString: string
  /** How many connections for the vault's work; two more are for listening and for `VACUUM`. */
  connections?: number
  /** After how long a statement is given up, in milliseconds. */
  statementTimeoutMs?: number
  /** How long a call waits for a connection, in milliseconds. */
  connectTimeoutMs?: number
}>

/** Runs one statement. @throws VaultUnavailable */
export type Query = <Row>(text: string, values?: readonly unknown[]) => Promise<Row[]>

export type Isolation = 'READ COMMITTED' | 'REPEATABLE READ READ ONLY'

/** A connection that is told what others announce. */
export type Listener = Readonly<{
  query: Query
  close(): Promise<void>
}>

/** The only one who knows the driver: statements, transactions, and a connection that listens. */
export type Driver = Readonly<{
  /** One statement is one transaction, and reads one state of the store. */
  query: Query
  /**
   * Runs a job in a transaction and commits it, once more when another was in its way: a job may run
   * several times and must do nothing but ask. What it throws rolls back.
   * @throws VaultUnavailable; whether the commit happened is not known when the connection was lost in it
   */
  transaction<Result>(
    job: (query: Query) => Promise<Result>,
    isolation?: Isolation,
  ): Promise<Result>
  /** Runs one statement outside of any transaction, for as long as it takes. @throws VaultUnavailable */
  maintain(text: string): Promise<void>
  /** @param on `lost` is called once, when the connection has ended by itself */
  listen(
    channel: string,
    on: { notified: (payload: string) => void; lost: () => void },
  ): Promise<Listener>
  close(): Promise<void>
}>

/** What a job throws when what it read has changed meanwhile: it is run again, in a new transaction. */
export class Restart extends Error {
  override readonly name = 'Restart'
}

const mostAttempts = 25
const longestPauseMs = 20
/** Serialization failure, deadlock: PostgreSQL's way to say "again". */
const contention = new Set(['40001', '40P01'])

/** @param schema of the vault's tables: every statement's names are looked up there */
export function createDriver(server: PostgresServer, schema: string): Driver {
  const statementTimeout = server.statementTimeoutMs ?? 15_000
  const settings = (timeout: number) => settingsOf(server, timeout)
  const pool = createPool({ ...settings(statementTimeout), max: server.connections ?? 10 }, schema)
  const maintenance = createPool({ ...settings(0), max: 1, idleTimeoutMillis: 5_000 }, schema)
  let closed = false
  const connect = async (): Promise<pg.PoolClient> => {
    if (closed) throw new VaultUnavailable('the vault is closed')
    try {
      return await pool.connect()
    } catch (cause) {
      throw unavailable('reach', cause)
    }
  }

  return {
    query: async (text, values) => {
      const client = await connect()
      let failure: unknown
      try {
        return await ask(client, text, values)
      } catch (error) {
        failure = error
        throw error
      } finally {
        client.release(isLost(failure))
      }
    },
    transaction: async (job, isolation = 'READ COMMITTED') => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await inTransaction(await connect(), isolation, job)
        } catch (error) {
          if (!isContention(error)) throw error
          if (attempt === mostAttempts) {
            throw new VaultUnavailable('the vault is in too much demand: ask again', {
              cause: error,
            })
          }
        }
        await sleep(Math.random() * Math.min(longestPauseMs, attempt * 2))
      }
    },
    maintain: async (text) => {
      if (closed) throw new VaultUnavailable('the vault is closed')
      try {
        await maintenance.query(text)
      } catch (cause) {
        throw unavailable('clean up', cause)
      }
    },
    listen: (channel, on) => {
      if (closed) throw new VaultUnavailable('the vault is closed')
      return listen(new pg.Client(settings(statementTimeout)), { channel, schema, ...on })
    },
    close: async () => {
      if (closed) return
      closed = true
      await Promise.all([pool.end(), maintenance.end()])
    },
  }
}

/** @param timeout of statements, in milliseconds; 0: none */
function settingsOf(server: PostgresServer, timeout: number): pg.PoolConfig {
  return {
    connectionString: server.connectionString,
    application_name: 'custody-vault',
    connectionTimeoutMillis: server.connectTimeoutMs ?? 5_000,
    keepAlive: true,
    ...(timeout > 0 && {
      statement_timeout: timeout,
      // A node that hangs in a transaction does not hang the others.
      idle_in_transaction_session_timeout: timeout,
      // A server that says nothing at all is not waited for either.
      query_timeout: timeout + 1_000,
    }),
  }
}

function createPool(config: pg.PoolConfig, schema: string): pg.Pool {
  // The pool waits for what this answers before it hands the connection out; its types do not say so.
  const onConnect: (client: pg.ClientBase) => unknown = (client) => prepare(client, schema)
  const pool = new pg.Pool({ ...config, onConnect })
  // A connection that was lost tells so by the error of its statement; an idle one is replaced.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

/** What every statement relies on, whatever the server's or the role's settings say. */
async function prepare(client: pg.ClientBase, schema: string): Promise<void> {
  await client.query(
    `SELECT set_config('search_path', $1, false),
            set_config('default_transaction_isolation', 'read committed', false)`,
    [`"${schema}"`],
  )
}

async function inTransaction<Result>(
  client: pg.PoolClient,
  isolation: Isolation,
  job: (query: Query) => Promise<Result>,
): Promise<Result> {
  let isBroken = true
  try {
    await ask(client, `BEGIN ISOLATION LEVEL ${isolation}`)
    const result = await job((text, values) => ask(client, text, values))
    await ask(client, 'COMMIT')
    isBroken = false
    return result
  } catch (error) {
    isBroken =
      isLost(error) ||
      (await ask(client, 'ROLLBACK').then(
        () => false,
        () => true,
      ))
    throw error
  } finally {
    client.release(isBroken)
  }
}

async function listen(
  client: pg.Client,
  to: { channel: string; schema: string; notified: (payload: string) => void; lost: () => void },
): Promise<Listener> {
  let ended = false
  const end = () => {
    if (ended) return
    ended = true
    to.lost()
  }
  client.on('notification', ({ payload }) => to.notified(payload ?? ''))
  client.on('error', () => undefined)
  try {
    await client.connect()
    await prepare(client, to.schema)
    await client.query(`LISTEN "${to.channel}"`)
  } catch (cause) {
    ended = true
    void client.end().catch(() => undefined)
    throw unavailable('listen to', cause)
  }
  client.on('end', end)
  return {
    query: async (text, values) => {
      try {
        return await ask(client, text, values)
      } catch (error) {
        // A connection that does not answer is as good as none.
        if (isLost(error)) end()
        throw error
      }
    },
    close: async () => {
      ended = true
      await client.end().catch(() => undefined)
    },
  }
}

async function ask<Row>(
  client: pg.ClientBase,
  text: string,
  values: readonly unknown[] = [],
): Promise<Row[]> {
  try {
    const result = await client.query(text, [...values])
    return result.rows as Row[]
  } catch (cause) {
    throw unavailable('ask', cause)
  }
}

function unavailable(what: string, cause: unknown): VaultUnavailable {
  if (cause instanceof VaultUnavailable) return cause
  // An address with several numbers fails with as many causes, and no message of its own.
  const first = cause instanceof AggregateError ? (cause.errors[0] as Error) : (cause as Error)
  return new VaultUnavailable(`couldn't ${what} the vault: ${first.message}`, { cause: first })
}

/** PostgreSQL's five characters; undefined for what the network, or the driver, said. */
function sqlState(error: unknown): string | undefined {
  const cause = (error as Error | undefined)?.cause
  return cause instanceof pg.DatabaseError ? cause.code : undefined
}

function isContention(error: unknown): boolean {
  return error instanceof Restart || contention.has(sqlState(error) ?? '')
}

/** Whether a connection is to be thrown away after this: it is lost, or in a state that nobody knows. */
function isLost(error: unknown): boolean {
  if (!(error instanceof VaultUnavailable)) return false
  const state = sqlState(error)
  // 57P: the server is shutting down, or ended this connection.
  return state === undefined || state.startsWith('57P') || state.startsWith('08')
}
