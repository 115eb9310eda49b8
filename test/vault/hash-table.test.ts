import { randomBytes } from 'node:crypto'
import { DatabaseSync } from 'node:sqlite'
import { describe, expect, it } from 'vitest'
import { createHashTable, hashTableSchema } from '../../src/vault/hash-table.ts'
import { createSlotTable, slotTableSchema } from '../../src/vault/slot-table.ts'
import { randomFrom, seed } from '../support/seed.ts'

function hashTable() {
  const database = new DatabaseSync(':memory:')
  database.exec(hashTableSchema('pairs'))
  return { database, table: createHashTable(database, 'pairs') }
}

const count = (database: DatabaseSync, table: string) =>
  (database.prepare(`SELECT count(*) AS count FROM ${table}`).get() as { count: number }).count

describe('a hash table', () => {
  it('agrees with a map of lists over random changes, whatever the order', () => {
    const random = randomFrom(seed())
    const { database, table } = hashTable()
    const keys = Array.from({ length: 1_500 }, () => randomBytes(16))
    const model = new Map<string, string[]>()
    for (let step = 0; step < 8_000; step += 1) {
      const key = keys[Math.floor(random() * random() * keys.length)]!
      const name = key.toString('hex')
      const values = model.get(name) ?? []
      if (random() < 0.65) {
        const value = randomBytes(16)
        table.add(key, value)
        model.set(name, [...values, value.toString('hex')])
      } else {
        const value = random() < 0.1 ? 'f'.repeat(32) : (values[0] ?? 'e'.repeat(32))
        expect(table.remove(key, Buffer.from(value, 'hex'))).toBe(values.includes(value))
        model.set(
          name,
          values.filter((other) => other !== value),
        )
      }
    }
    for (const key of keys) {
      const found = table.get(key).map((value) => value.toString('hex'))
      expect(found.sort()).toEqual((model.get(key.toString('hex')) ?? []).sort())
    }
    const pairs = [...model.values()].flat().length
    expect(pairs).toBeGreaterThan(500)
    // Each bucket that overflows adds one: at the worst, all are full and each has one that is full too.
    expect(count(database, 'pairs')).toBeGreaterThan(pairs / 30)
  })

  it('stays balanced: a look-up reads few rows, and half of the room is used', () => {
    const { database, table } = hashTable()
    for (let index = 0; index < 20_000; index += 1) table.add(randomBytes(16), randomBytes(16))
    const buckets = count(database, 'pairs')
    const overflow = count(database, 'pairs_overflow') - count(database, 'pairs_overflow_free')
    expect(20_000 / (buckets * 15)).toBeGreaterThan(0.5)
    // It is 0.37, give or take 0.01.
    expect(overflow / buckets).toBeLessThan(0.5)
  })

  it('holds many values of one key', () => {
    const { table } = hashTable()
    const key = randomBytes(16)
    const values = Array.from({ length: 200 }, () => randomBytes(16))
    for (const value of values) table.add(key, value)
    expect(table.get(key)).toHaveLength(200)
    for (const value of values) expect(table.remove(key, value)).toBe(true)
    expect(table.get(key)).toEqual([])
    expect(table.remove(key, values[0]!)).toBe(false)
  })

  it('refuses what does not fit', () => {
    const { table } = hashTable()
    expect(() => table.add(randomBytes(15), randomBytes(16))).toThrow(RangeError)
    expect(() => table.add(randomBytes(16), randomBytes(17))).toThrow(RangeError)
    expect(() => table.add(Buffer.alloc(16), randomBytes(16))).toThrow(RangeError)
  })
})

describe('a slot table', () => {
  it('uses freed rows again, zeroed, and grows only when none is free', () => {
    const database = new DatabaseSync(':memory:')
    database.exec(slotTableSchema('slots', 60))
    const table = createSlotTable(database, 'slots', 60)
    const contents = Array.from({ length: 10 }, () => randomBytes(60))
    const numbers = contents.map((content) => table.allocate(content))
    expect(numbers).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
    table.free(3)
    table.free(7)
    expect(table.read(3)).toEqual(Buffer.alloc(60))
    expect([table.allocate(contents[0]!), table.allocate(contents[1]!)].sort()).toEqual([3, 7])
    expect(table.allocate(contents[2]!)).toBe(11)
    expect(table.read(7).equals(contents[0]!) || table.read(7).equals(contents[1]!)).toBe(true)
    expect(() => table.overwrite(12, contents[0]!)).toThrow('no row 12')
    expect(() => table.overwrite(1, randomBytes(59))).toThrow()
  })
})
