import { mkdir, open, rm, type FileHandle } from 'node:fs/promises'
import path from 'node:path'
import { strictDecoder, type Charset } from './charset.ts'
import type { PhysicalLine } from './physical-lines.ts'
import type { Reject } from './reject.ts'

/**
 * Where rows that were set aside go, so that none is lost: with the row itself, for the operator's
 * eyes.
 */
export interface RejectSink {
  write(reject: Reject, raw: readonly PhysicalLine[], charset: Charset): Promise<void>
  /** Durable when it resolves. */
  close(): Promise<void>
}

/** Opens the sink of one file of the import; what an earlier run wrote there is replaced. */
export type OpenRejects = (file: string) => Promise<RejectSink>

/**
 * Sinks that write `<directory>/<file>.ndjson`, readable by the owner only: the rows hold personal
 * values in clear. `raw` is the row's text, or `rawBase64` its bytes where they are not valid in
 * the charset. A file without rejects leaves nothing there.
 */
export function rejectsUnder(directory: string): OpenRejects {
  return async (file) => {
    const location = path.join(directory, `${file}.ndjson`)
    await rm(location, { force: true })
    return new FileSink(location)
  }
}

class FileSink implements RejectSink {
  private handle: FileHandle | null = null
  private readonly location: string

  constructor(location: string) {
    this.location = location
  }

  async write(reject: Reject, raw: readonly PhysicalLine[], charset: Charset): Promise<void> {
    if (!this.handle) {
      await mkdir(path.dirname(this.location), { recursive: true, mode: 0o700 })
      this.handle = await open(this.location, 'wx', 0o600)
    }
    await this.handle.write(`${JSON.stringify({ ...reject, ...rawRow(raw, charset) })}\n`)
  }

  async close(): Promise<void> {
    await this.handle?.sync()
    await this.handle?.close()
    this.handle = null
  }
}

/** A row as it lay in the file: its text where that can be read, else its bytes. */
export function rawRow(
  raw: readonly PhysicalLine[],
  charset: Charset,
): { raw: string } | { rawBase64: string } {
  const decode = strictDecoder(charset)
  const texts = raw.map(({ bytes }) => decode(bytes))
  if (!texts.includes(null)) return { raw: texts.join('\n') }
  const feed = Buffer.from('\n')
  const bytes = raw.flatMap((line, index) => (index === 0 ? [line.bytes] : [feed, line.bytes]))
  return { rawBase64: Buffer.concat(bytes).toString('base64') }
}
