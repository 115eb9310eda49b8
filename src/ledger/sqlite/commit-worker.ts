import { isMainThread, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { openDatabase, SQLITE_BUSY, SQLITE_FULL, sqliteCode } from '../../sqlite/open.ts'
import { GroupCommit } from './group-commit.ts'
import {
  unpack,
  type Answer,
  type Order,
  type PackedAppend,
  type WorkerOptions,
} from './messages.ts'
import { createSchema } from './schema.ts'

/**
 * The thread that writes the ledger: it commits what has arrived while the last commit ran, in one
 * transaction, and waits for no timer. So a lone append is not delayed, and a crowd shares one sync.
 */

/** What came in one transaction is held back from the crowd: beyond so many bytes the next one begins. */
const largestGroupBytes = 8 * 1024 * 1024

if (isMainThread || !parentPort) throw new Error('the commit worker runs in a thread of its own')
const port = parentPort
// Written by `openSqliteEventLog`, the only one who starts this thread.
const options = workerData as WorkerOptions

const database = openDatabase(options.path)
createSchema(database)
database.exec('PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 33554432')
if (options.maximumBytes !== null) limitSize(options.maximumBytes)
const committer = new GroupCommit(database)
let refusing: string | null = null

port.on('message', (first: Order) => {
  const group: PackedAppend[] = []
  let bytes = 0
  let order: Order | undefined = first
  for (; order instanceof Uint8Array; order = nextOrder()) {
    group.push(...unpack(order))
    bytes += order.length
    if (bytes >= largestGroupBytes) break
  }
  if (group.length > 0) commit(group)
  if (order === 'close') close()
})
tell({ kind: 'ready' })

function nextOrder(): Order | undefined {
  return (receiveMessageOnPort(port) as { message: Order } | undefined)?.message
}

function commit(group: readonly PackedAppend[]): void {
  if (refusing !== null) return fail(group, refusing, true)
  try {
    const answers = new Float64Array(committer.commit(group))
    tell({ kind: 'committed', answers })
  } catch (error) {
    // A full disk or a long lock passes. After anything else nobody knows what the disk holds.
    const passes = [SQLITE_FULL, SQLITE_BUSY].includes(sqliteCode(error) ?? -1)
    const reason = error instanceof Error ? error.message : String(error)
    if (!passes) refusing = reason
    fail(group, reason, !passes)
  }
}

function fail(group: readonly PackedAppend[], reason: string, fatal: boolean): void {
  tell({ kind: 'failed', numbers: group.map(({ number }) => number), reason, fatal })
}

function tell(answer: Answer): void {
  port.postMessage(answer)
}

function limitSize(bytes: number): void {
  const { page_size: pageSize } = database.prepare('PRAGMA page_size').get() as {
    page_size: number
  }
  database.exec(`PRAGMA max_page_count = ${Math.max(1, Math.floor(bytes / pageSize))}`)
}

function close(): void {
  database.close()
  port.close()
}
