/** A line of a body: its number from 1, and its bytes; null where it is longer than the limit. */
export type NumberedLine = Readonly<{ number: number; bytes: Buffer | null }>

const newline = 0x0a
const carriageReturn = 0x0d

/**
 * The lines of a stream of bytes, in the groups in which they arrive: what has come by the time it is
 * asked for, at most `most` lines. Lines without a character that shows are counted and left out. A line
 * over `longestBytes` is told once it ends, and no more than that of it is ever kept.
 */
export async function* linesOf(
  stream: AsyncIterable<Buffer>,
  { most, longestBytes }: { most: number; longestBytes: number },
): AsyncGenerator<NumberedLine[]> {
  let group: NumberedLine[] = []
  let parts: Buffer[] = []
  let keptBytes = 0
  let tooLong = false
  let number = 0

  const keep = (part: Buffer) => {
    if (keptBytes + part.length > longestBytes + 1) tooLong = true
    else if (part.length > 0) parts.push(part)
    if (tooLong) parts = []
    else keptBytes += part.length
  }
  const end = () => {
    number += 1
    const bytes = tooLong
      ? null
      : withoutReturn(parts.length === 1 ? parts[0]! : Buffer.concat(parts))
    if (bytes === null || bytes.length > longestBytes) group.push({ number, bytes: null })
    else if (!isBlank(bytes)) group.push({ number, bytes })
    parts = []
    keptBytes = 0
    tooLong = false
  }

  for await (const chunk of stream) {
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      keep(chunk.subarray(from, at))
      end()
      from = at + 1
      if (group.length < most) continue
      yield group
      group = []
    }
    if (from < chunk.length) keep(chunk.subarray(from))
    if (group.length === 0) continue
    yield group
    group = []
  }
  if (parts.length > 0 || tooLong) end()
  if (group.length > 0) yield group
}

function withoutReturn(bytes: Buffer): Buffer {
  return bytes.at(-1) === carriageReturn ? bytes.subarray(0, -1) : bytes
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0x20 || byte === 0x09)
}
