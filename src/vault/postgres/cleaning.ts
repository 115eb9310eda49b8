import { setTimeout as sleep } from 'node:timers/promises'
import { VaultUnavailable } from '../vault.ts'
import type { Driver, Query } from './driver.ts'

/** The tables in which a row that is deleted or replaced must not stay behind. */
export type CleanedTable = 'controller' | 'data_key' | 'identified' | 'identifying'

/**
 * A deleted or replaced row stays in its page until `VACUUM` takes it away, which it cannot while any
 * transaction of the database may still see it. See `docs/postgresql-vault.md` for what that leaves.
 */
export type Cleaning = Readonly<{
  /**
   * Resolves when no row that a transaction up to this one deleted is in the tables. Calls share the work.
   * @param transaction what `transactionNumber` answered in it
   * @throws VaultUnavailable "… is pending" when another transaction was open for too long
   */
  cleaned(tables: readonly CleanedTable[], transaction: string): Promise<void>
}>

const pauseMs = 20

/** @param waitMs how long `cleaned` tries */
export function createCleaning(driver: Driver, waitMs: number): Cleaning {
  const running = new Map<CleanedTable, Promise<void>>()

  const vacuum = (table: CleanedTable): Promise<void> => {
    const shared = running.get(table)
    if (shared) return shared
    // `TRUNCATE` would hold up readers on other nodes, and takes away no row.
    const run = driver.maintain(`VACUUM (FREEZE, TRUNCATE FALSE) ${table}`)
    const ended = run.finally(() => running.delete(table))
    running.set(table, ended)
    return ended
  }
  const isClean = async (table: CleanedTable, transaction: bigint): Promise<boolean> => {
    const [row] = await driver.query<{ oldest: string }>(
      'SELECT relfrozenxid::text AS oldest FROM pg_class WHERE oid = $1::regclass',
      [table],
    )
    return isAfter(BigInt(row!.oldest), transaction)
  }
  return {
    cleaned: async (tables, transaction) => {
      const number = BigInt(transaction)
      const deadline = performance.now() + waitMs
      for (const table of tables) {
        while (!(await isClean(table, number))) {
          if (performance.now() > deadline) throw new VaultUnavailable(pending)
          await vacuum(table)
          if (await isClean(table, number)) break
          await sleep(pauseMs)
        }
      }
    },
  }
}

const pending =
  'the destruction is pending: the rows are deleted, but another transaction of the database is open ' +
  'that may still read them, or the role of the vault does not own its tables; ask again'

/** In a transaction: its number, which it has from here on. */
export async function transactionNumber(query: Query): Promise<string> {
  const [row] = await query<{ number: string }>('SELECT pg_current_xact_id()::text AS number')
  return row!.number
}

/**
 * Whether a table's oldest unfrozen transaction is a later one: `VACUUM (FREEZE)` leaves no row with an
 * older one in it, be it as the one that made the row or as the one that deleted it. Row headers have 32
 * bits of the number and count in a ring.
 */
function isAfter(oldest: bigint, transaction: bigint): boolean {
  return BigInt.asIntN(32, oldest - transaction) > 0n
}
