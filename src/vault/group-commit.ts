import type { DatabaseSync } from 'node:sqlite'
import { SQLITE_IOERR, sqliteCode } from '../sqlite/open.ts'
import { VaultUnavailable } from './vault.ts'

export type Rules = Readonly<{
  /** Called at the start of every transaction. */
  begin: () => void
  /**
   * Whether an error is a job's own answer that it will not do this; it is thrown before the job has
   * changed anything, so that the other jobs of the transaction go on.
   */
  refuses: (error: unknown) => boolean
}>

export type GroupCommit = Readonly<{
  /**
   * Runs a job in a transaction that it shares with all others of the same turn of the event loop, and
   * resolves after the commit is on the disk. `committed` is called at once after the commit, in the
   * order of the jobs: a cache that is filled and emptied there never holds what a later job destroyed.
   *
   * @throws VaultUnavailable when nothing was written: the disk is full, the file is locked
   */
  run<Result>(job: () => Result, committed?: (result: Result) => void): Promise<Result>
  /** Runs a job in a read transaction, at once. @throws VaultUnavailable */
  read<Result>(job: () => Result): Result
  /** After what is queued. */
  close(): Promise<void>
}>

type Queued = {
  readonly run: () => void
  readonly settle: () => void
  readonly fail: (error: unknown) => void
}

/** Runs the jobs of one turn of the event loop in one durable transaction; each has its own outcome. */
export function createGroupCommit(database: DatabaseSync, { begin, refuses }: Rules): GroupCommit {
  let queue: Queued[] = []
  /** A write that the disk refused may have been half done: nothing is trusted after it. */
  let broken: VaultUnavailable | null = null
  let closed = false

  const flush = (): void => {
    const jobs = queue
    queue = []
    if (jobs.length === 0) return
    try {
      if (broken) throw broken
      inTransaction(database, 'BEGIN IMMEDIATE', () => {
        begin()
        for (const job of jobs) job.run()
      })
    } catch (error) {
      const failure = unavailable('write to', error)
      if (sqliteCode(error) === SQLITE_IOERR) broken = failure
      for (const job of jobs) job.fail(failure)
      return
    }
    for (const job of jobs) job.settle()
  }

  return {
    run: (job, committed) => {
      if (closed) return Promise.reject(new VaultUnavailable('the vault is closed'))
      if (queue.length === 0) setImmediate(flush)
      return new Promise((resolve, reject) => {
        queue.push(queued(job, refuses, { committed, resolve, reject }))
      })
    },
    read: (job) => {
      if (closed) throw new VaultUnavailable('the vault is closed')
      try {
        return inTransaction(database, 'BEGIN', () => {
          begin()
          return job()
        })
      } catch (error) {
        if (refuses(error)) throw error
        throw unavailable('read', error)
      }
    },
    close: async () => {
      if (closed) return
      closed = true
      flush()
      database.close()
    },
  }
}

function queued<Result>(
  job: () => Result,
  refuses: Rules['refuses'],
  then: {
    committed: ((result: Result) => void) | undefined
    resolve: (result: Result) => void
    reject: (error: unknown) => void
  },
): Queued {
  let outcome: { result: Result } | { refusal: unknown } | null = null
  return {
    fail: then.reject,
    run: () => {
      try {
        outcome = { result: job() }
      } catch (error) {
        if (!refuses(error)) throw error
        outcome = { refusal: error }
      }
    },
    settle: () => {
      if (outcome === null) throw new Error('a job was settled before it ran')
      if ('refusal' in outcome) return then.reject(outcome.refusal)
      then.committed?.(outcome.result)
      then.resolve(outcome.result)
    },
  }
}

function inTransaction<Result>(
  database: DatabaseSync,
  begin: 'BEGIN' | 'BEGIN IMMEDIATE',
  job: () => Result,
): Result {
  database.exec(begin)
  try {
    const result = job()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK')
    throw error
  }
}

function unavailable(what: string, cause: unknown): VaultUnavailable {
  if (cause instanceof VaultUnavailable) return cause
  return new VaultUnavailable(`couldn't ${what} the vault: ${(cause as Error).message}`, { cause })
}
