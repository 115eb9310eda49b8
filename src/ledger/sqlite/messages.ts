import { Buffer } from 'node:buffer'
import type { StreamName } from '../../domain/envelope.ts'
import type { NewRecord } from '../event-log.ts'

/**
 * What goes between the thread that asks and the thread that commits. Appends travel as bytes in one
 * buffer that changes hands: cloning an object for each record costs more than SQLite's work on it.
 *
 * An append: number u32, expected revision i32, count of records u32, stream (u16 length, bytes). A
 * record: id (36 bytes), type (u16 length, bytes), body (u32 length, bytes). Little-endian, UTF-8.
 */

export type PackedRecord = Readonly<{ id: string; type: string; body: Uint8Array }>
export type PackedAppend = Readonly<{
  /** Names the append in the answer. */
  number: number
  stream: string
  expected: number
  records: readonly PackedRecord[]
}>

/** What the worker is started with. */
export type WorkerOptions = Readonly<{ path: string; maximumBytes: number | null }>

/** From the worker. */
export type Answer =
  | { kind: 'ready' }
  /** Of each append: number, 1 where appended and 0 where in conflict, revision, count, positions. */
  | { kind: 'committed'; answers: Float64Array }
  /** `fatal`: the worker takes nothing more. */
  | { kind: 'failed'; numbers: readonly number[]; reason: string; fatal: boolean }

/** To the worker: packed appends, or the wish to end when all before it is done. */
export type Order = Uint8Array | 'close'

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const idLength = 36

/** Packs appends one behind the other until the buffer is taken. */
export class Packer {
  #buffer = Buffer.allocUnsafeSlow(64 * 1024)
  #used = 0

  /** @throws TypeError on an id that is no UUID; nothing is packed then */
  add(number: number, stream: StreamName, expected: number, records: readonly NewRecord[]): void {
    for (const { id } of records) {
      if (!uuid.test(id)) throw new TypeError(`couldn't append to ${stream}: ${id} is no UUID`)
    }
    this.#reserve(14 + 3 * stream.length)
    this.#used = this.#buffer.writeUInt32LE(number, this.#used)
    this.#used = this.#buffer.writeInt32LE(expected, this.#used)
    this.#used = this.#buffer.writeUInt32LE(records.length, this.#used)
    this.#text16(stream)
    for (const { id, type, body } of records) {
      this.#reserve(idLength + 6 + 3 * (type.length + body.length))
      this.#used += this.#buffer.write(id, this.#used, 'latin1')
      this.#text16(type)
      const length = this.#buffer.write(body, this.#used + 4, 'utf8')
      this.#used = this.#buffer.writeUInt32LE(length, this.#used) + length
    }
  }

  /** The bytes packed so far, in a buffer of their own; null when there are none. */
  take(): Uint8Array<ArrayBuffer> | null {
    if (this.#used === 0) return null
    const taken = new Uint8Array(this.#buffer.subarray(0, this.#used))
    this.#used = 0
    return taken
  }

  #text16(text: string): void {
    const length = this.#buffer.write(text, this.#used + 2, 'utf8')
    this.#used = this.#buffer.writeUInt16LE(length, this.#used) + length
  }

  #reserve(bytes: number): void {
    if (this.#used + bytes <= this.#buffer.length) return
    const larger = Buffer.allocUnsafeSlow(2 * (this.#used + bytes))
    this.#buffer.copy(larger, 0, 0, this.#used)
    this.#buffer = larger
  }
}

/** The appends in a buffer. Bodies are views into it. */
export function unpack(bytes: Uint8Array): PackedAppend[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  const text16 = (): string => {
    const start = at + 2
    at = start + buffer.readUInt16LE(at)
    return buffer.toString('utf8', start, at)
  }
  const record = (): PackedRecord => {
    const id = buffer.toString('latin1', at, at + idLength)
    at += idLength
    const type = text16()
    const start = at + 4
    at = start + buffer.readUInt32LE(at)
    return { id, type, body: bytes.subarray(start, at) }
  }
  const appends: PackedAppend[] = []
  while (at < bytes.length) {
    const number = buffer.readUInt32LE(at)
    const expected = buffer.readInt32LE(at + 4)
    const count = buffer.readUInt32LE(at + 8)
    at += 12
    const stream = text16()
    appends.push({ number, stream, expected, records: Array.from({ length: count }, record) })
  }
  return appends
}
