import type { DatabaseSync } from 'node:sqlite'
import { bytes, createSlotTable, slotTableSchema, type SlotTable } from './slot-table.ts'

/** Bytes of a key and of a value. */
const half = 16
const entryLength = 2 * half
const entriesInBucket = 15
const headLength = 4
const bucketLength = headLength + entriesInBucket * entryLength

/**
 * A multimap from 16 to 16 bytes, of which a removed pair leaves no trace: an index of SQLite could not
 * promise that (see `slot-table.ts`). Linear hashing (Litwin, VLDB 1980): buckets are appended one at a
 * time, whenever one overflows, and are rewritten in place. Keys must be uniformly random, as digests
 * and pseudonyms are; the key of zeros means an empty place.
 *
 * To be used inside a transaction, which it is told of.
 */
export type HashTable = Readonly<{
  /** At the start of a transaction: what was read in an earlier one may have changed. */
  begin(): void
  get(key: Buffer): Buffer[]
  add(key: Buffer, value: Buffer): void
  /** Whether the pair was there. */
  remove(key: Buffer, value: Buffer): boolean
}>

type Entry = Readonly<{ key: Buffer; value: Buffer }>

/** The tables of a hash table, with its first bucket. */
export function hashTableSchema(name: string): string {
  return `
    ${slotTableSchema(`${name}_overflow`, bucketLength)}
    CREATE TABLE IF NOT EXISTS ${name} (
      number INTEGER PRIMARY KEY,
      content BLOB NOT NULL CHECK (length(content) = ${bucketLength})
    ) STRICT;
    INSERT OR IGNORE INTO ${name} (number, content) VALUES (1, zeroblob(${bucketLength}));`
}

/** The table of that name, which `hashTableSchema` made. */
export function createHashTable(database: DatabaseSync, name: string): HashTable {
  const buckets = createBuckets(database, name)
  const locate = (key: Buffer) => address(key, buckets.count())

  return {
    begin: buckets.begin,
    get: (key) => {
      const found: Buffer[] = []
      for (const { content } of buckets.chain(locate(key))) {
        for (const entry of entriesOf(content)) {
          if (entry.key.equals(key)) found.push(Buffer.from(entry.value))
        }
      }
      return found
    },
    add: (key, value) => {
      const chain = buckets.chain(locate(key))
      const roomy = chain.find(({ content }) => !isFull(content))
      if (roomy) {
        writeEntry(roomy.content, entriesOf(roomy.content).length, { key, value })
        roomy.save()
        return
      }
      buckets.extend(locate(key), chain.at(-1)!, { key, value })
      split(buckets)
    },
    remove: (key, value) => {
      for (const { content, save } of buckets.chain(locate(key))) {
        const entries = entriesOf(content)
        const at = entries.findIndex((entry) => entry.key.equals(key) && entry.value.equals(value))
        if (at < 0) continue
        // The last entry fills the hole, so that the used places stay the first ones.
        const last = entries.length - 1
        content.copyWithin(
          headLength + at * entryLength,
          headLength + last * entryLength,
          headLength + (last + 1) * entryLength,
        )
        content.fill(0, headLength + last * entryLength, headLength + (last + 1) * entryLength)
        save()
        return true
      }
      return false
    },
  }
}

/**
 * All pairs of the table of that name, in the order of its buckets, which is that of no writing. Inside a
 * transaction; it reads one bucket at a time.
 */
export function* pairsIn(
  database: DatabaseSync,
  name: string,
): Generator<readonly [key: Buffer, value: Buffer]> {
  const buckets = createBuckets(database, name)
  for (let bucket = 0; bucket < buckets.count(); bucket += 1) {
    for (const { content } of buckets.chain(bucket)) {
      for (const { key, value } of entriesOf(content)) yield [Buffer.from(key), Buffer.from(value)]
    }
  }
}

/** Moves the entries of the next bucket in turn that belong to a new last one. */
function split(buckets: Buckets): void {
  const count = buckets.count()
  const source = count - highestPower(count)
  const stay: Entry[] = []
  const move: Entry[] = []
  for (const { content } of buckets.chain(source)) {
    for (const entry of entriesOf(content)) {
      const goes = address(entry.key, count + 1) === count
      ;(goes ? move : stay).push({ key: Buffer.from(entry.key), value: Buffer.from(entry.value) })
    }
  }
  buckets.append(move)
  buckets.rewrite(source, stay)
}

/** The bucket, from 0, of a key among so many: its hash modulo the next power of two, or the half of it. */
function address(key: Buffer, count: number): number {
  const power = highestPower(count)
  const wide = key.readUIntBE(half - 6, 6) % (2 * power)
  return wide < count ? wide : wide - power
}

/** The highest power of two that is not above the count. */
function highestPower(count: number): number {
  return 2 ** (31 - Math.clz32(count))
}

const zeroKey = Buffer.alloc(half)

/** Views into the content, not copies. */
function entriesOf(content: Buffer): Entry[] {
  const entries: Entry[] = []
  for (let start = headLength; start < content.length; start += entryLength) {
    const key = content.subarray(start, start + half)
    if (key.equals(zeroKey)) break
    entries.push({ key, value: content.subarray(start + half, start + entryLength) })
  }
  return entries
}

function isFull(content: Buffer): boolean {
  return !content.subarray(-entryLength, -half).equals(zeroKey)
}

function writeEntry(content: Buffer, place: number, { key, value }: Entry): void {
  if (key.length !== half || value.length !== half || key.equals(zeroKey)) {
    throw new RangeError(`a key and a value are ${half} bytes each, and a key is not zero`)
  }
  key.copy(content, headLength + place * entryLength)
  value.copy(content, headLength + place * entryLength + half)
}

/** One row of a bucket's chain; `save` writes the content back in its place. */
type Link = Readonly<{ content: Buffer; save: () => void }>

type Buckets = Readonly<{
  begin: () => void
  count(): number
  /** The rows of a bucket, numbered from 0: its own, and those in overflow. */
  chain(bucket: number): Link[]
  /** An overflow row after the last link of a bucket, with one entry. */
  extend(bucket: number, last: Link, entry: Entry): void
  /** A new last bucket with these entries. */
  append(entries: readonly Entry[]): void
  /** Gives a bucket exactly these entries. */
  rewrite(bucket: number, entries: readonly Entry[]): void
}>

/** How many buckets are remembered within a transaction. */
const mostRemembered = 4_096

function createBuckets(database: DatabaseSync, name: string): Buckets {
  const overflow = createSlotTable(database, `${name}_overflow`, bucketLength)
  const selectCount = database.prepare(`SELECT max(number) AS count FROM ${name}`)
  const select = database.prepare(`SELECT content FROM ${name} WHERE number = ?`)
  const update = database.prepare(`UPDATE ${name} SET content = ? WHERE number = ?`)
  const insert = database.prepare(`INSERT INTO ${name} (content) VALUES (?)`)
  const remembered = new Map<number, Link[]>()
  let count: number | null = null

  const read = (bucket: number): Link[] => {
    const row = select.get(bucket + 1) as { content: Uint8Array } | undefined
    if (!row) throw new Error(`${name} has no bucket ${bucket}`)
    const first = bytes(row.content)
    const links: Link[] = [{ content: first, save: () => void update.run(first, bucket + 1) }]
    for (let next = first.readUInt32BE(0); next !== 0;) {
      const number = next
      const content = overflow.read(number)
      links.push({ content, save: () => overflow.overwrite(number, content) })
      next = content.readUInt32BE(0)
    }
    return links
  }

  return {
    begin: () => {
      count = null
      remembered.clear()
      overflow.begin()
    },
    count: () => (count ??= (selectCount.get() as { count: number }).count),
    chain: (bucket) => {
      const known = remembered.get(bucket)
      if (known) return known
      if (remembered.size >= mostRemembered) remembered.clear()
      const links = read(bucket)
      remembered.set(bucket, links)
      return links
    },
    extend: (bucket, last, entry) => {
      last.content.writeUInt32BE(overflow.allocate(pack([entry], 0)), 0)
      last.save()
      remembered.delete(bucket)
    },
    append: (entries) => {
      insert.run(packChain(overflow, entries))
      count = null
    },
    rewrite: (bucket, entries) => {
      for (let next = read(bucket)[0]!.content.readUInt32BE(0); next !== 0;) {
        const number = next
        next = overflow.read(number).readUInt32BE(0)
        overflow.free(number)
      }
      update.run(packChain(overflow, entries), bucket + 1)
      remembered.delete(bucket)
    },
  }
}

/** The content of a bucket's own row; what it has no room for goes in new overflow rows behind it. */
function packChain(overflow: SlotTable, entries: readonly Entry[]): Buffer {
  let next = 0
  let rest = entries.length
  while (rest > entriesInBucket) {
    const start = Math.floor((rest - 1) / entriesInBucket) * entriesInBucket
    next = overflow.allocate(pack(entries.slice(start, rest), next))
    rest = start
  }
  return pack(entries.slice(0, rest), next)
}

function pack(entries: readonly Entry[], next: number): Buffer {
  const content = Buffer.alloc(bucketLength)
  content.writeUInt32BE(next, 0)
  for (const [place, entry] of entries.entries()) writeEntry(content, place, entry)
  return content
}
