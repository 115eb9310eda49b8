import { createReadStream } from 'node:fs'
import { createGunzip } from 'node:zlib'

/** The bytes of a file, decompressed where its name ends in `.gz`. */
export type OpenBytes = Readonly<{
  bytes: AsyncIterable<Buffer>
  /** How many bytes have been read from the disk so far. */
  readBytes: () => number
  /** Whether the compressed data ended or broke off too early: known when `bytes` has ended. */
  brokenOff: () => boolean
}>

/**
 * Opens a file for reading in order. Broken compression ends the bytes and is told by `brokenOff`,
 * since what came before it is still good.
 * @throws when the file cannot be read
 */
export function openBytes(location: string): OpenBytes {
  const file = createReadStream(location, { highWaterMark: 64 * 1024 })
  const readBytes = () => file.bytesRead
  if (!location.endsWith('.gz')) return { bytes: file, readBytes, brokenOff: () => false }
  let broken = false
  async function* unpacked(): AsyncGenerator<Buffer> {
    const gunzip = createGunzip()
    file.on('error', (cause) => gunzip.destroy(cause))
    try {
      for await (const chunk of file.pipe(gunzip)) yield chunk
    } catch (cause) {
      if (!isBrokenCompression(cause)) throw cause
      broken = true
    } finally {
      file.destroy()
    }
  }
  return { bytes: unpacked(), readBytes, brokenOff: () => broken }
}

function isBrokenCompression(cause: unknown): boolean {
  return cause instanceof Error && 'code' in cause && /^Z_/.test(String(cause.code))
}
