import { byteOrderMark, LONGEST_MARK_BYTES, type Charset } from './charset.ts'

/**
 * One line of a file as it lies there, without its terminator. `number` counts from 1. `cut`: the
 * line was longer than a line may be, and this is one piece of it.
 */
export type PhysicalLine = Readonly<{ number: number; bytes: Buffer; cut: boolean }>

/** The longest line that is read as one, in bytes. */
export const LONGEST_LINE_BYTES = 1024 * 1024

/**
 * Cuts a stream of bytes into lines. Memory stays flat: a line beyond `LONGEST_LINE_BYTES` comes in
 * pieces. A byte order mark is taken off and wins over the declared charset, because it is evidence
 * and the declaration is a claim; `charset` then tells what it is.
 */
export class LineCutter {
  charset: Charset
  private pending: Buffer = Buffer.alloc(0)
  private started = false
  private number = 1
  private cutting = false

  constructor(declared: Charset) {
    this.charset = declared
  }

  /** The lines that these bytes complete. */
  push(chunk: Buffer): PhysicalLine[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk])
    if (!this.started) {
      if (this.pending.length < LONGEST_MARK_BYTES) return []
      this.start()
    }
    return this.take()
  }

  /** What is left when the stream has ended: a last line without a terminator, or nothing. */
  end(): PhysicalLine[] {
    if (!this.started) this.start()
    const lines = this.take()
    if (this.pending.length > 0 || this.cutting) lines.push(this.line(this.pending, this.cutting))
    this.pending = Buffer.alloc(0)
    return lines
  }

  private start(): void {
    this.started = true
    const mark = byteOrderMark(this.pending)
    if (!mark) return
    this.charset = mark.charset
    this.pending = this.pending.subarray(mark.bytes)
  }

  private take(): PhysicalLine[] {
    const lines: PhysicalLine[] = []
    const width = this.charset.startsWith('utf-16') ? 2 : 1
    let from = 0
    for (;;) {
      const end = this.lineEnd(from, width)
      const stop = end === -1 ? this.pending.length : end
      while (stop - from > LONGEST_LINE_BYTES) {
        this.cutting = true
        lines.push(this.line(this.pending.subarray(from, from + LONGEST_LINE_BYTES), true))
        from += LONGEST_LINE_BYTES
      }
      if (end === -1) break
      lines.push(this.line(this.pending.subarray(from, end), this.cutting))
      this.cutting = false
      this.number += 1
      from = end + width
    }
    // A copy, so that the chunk it lies in can be freed.
    this.pending = Buffer.from(this.pending.subarray(from))
    return lines
  }

  private lineEnd(from: number, width: number): number {
    if (width === 1) return this.pending.indexOf(0x0a, from)
    const feed = this.charset === 'utf-16le' ? LITTLE_FEED : BIG_FEED
    let at = this.pending.indexOf(feed, from)
    // A feed at an odd offset is two halves of two other characters.
    while (at !== -1 && (at - from) % 2 !== 0) at = this.pending.indexOf(feed, at + 1)
    return at
  }

  private line(bytes: Buffer, cut: boolean): PhysicalLine {
    const { length } = bytes
    let end = length
    if (this.charset === 'utf-16le') {
      if (bytes[length - 2] === 0x0d && bytes[length - 1] === 0) end = length - 2
    } else if (this.charset === 'utf-16be') {
      if (bytes[length - 2] === 0 && bytes[length - 1] === 0x0d) end = length - 2
    } else if (bytes[length - 1] === 0x0d) {
      end = length - 1
    }
    return { number: this.number, bytes: end === length ? bytes : bytes.subarray(0, end), cut }
  }
}

const LITTLE_FEED = Buffer.from([0x0a, 0x00])
const BIG_FEED = Buffer.from([0x00, 0x0a])

/**
 * All lines of a stream, in the groups in which its chunks complete them, each with the charset
 * found.
 */
export async function* physicalLines(
  stream: AsyncIterable<Buffer>,
  declared: Charset,
): AsyncGenerator<{ lines: PhysicalLine[]; charset: Charset }> {
  const cutter = new LineCutter(declared)
  for await (const chunk of stream) {
    const lines = cutter.push(chunk)
    if (lines.length > 0) yield { lines, charset: cutter.charset }
  }
  const lines = cutter.end()
  if (lines.length > 0) yield { lines, charset: cutter.charset }
}
