import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

/** How a canary was spelt where it was found. */
export type Sighting = Readonly<{ spelling: string; file: string }>

/** Every spelling in which a text is looked for, but gzip, which is looked into. */
export function spellings(text: string): Map<string, Buffer> {
  const utf8 = Buffer.from(text)
  const utf16 = Buffer.from(text, 'utf16le')
  const found = new Map<string, Buffer>([
    ['UTF-8', utf8],
    ['UTF-16LE', utf16],
    ['UTF-16BE', Buffer.from(utf16).swap16()],
    ['hexadecimal', Buffer.from(utf8.toString('hex'))],
    ['HEXADECIMAL', Buffer.from(utf8.toString('hex').toUpperCase())],
    ['URL', Buffer.from(encodeURIComponent(text))],
    ['JSON', Buffer.from(JSON.stringify(text).slice(1, -1))],
    ['JSON in JSON', Buffer.from(JSON.stringify(JSON.stringify(text)).slice(3, -3))],
    ['JSON in ASCII', Buffer.from(escaped(text))],
  ])
  for (const shift of [0, 1, 2]) {
    const [plain, forUrls] = (['base64', 'base64url'] as const).map((encoding) =>
      inner(utf8, shift, encoding),
    )
    found.set(`base64 shifted by ${shift}`, plain!)
    found.set(`base64url shifted by ${shift}`, forUrls!)
  }
  for (const algorithm of ['md5', 'sha1', 'sha256']) {
    const digest = createHash(algorithm).update(utf8).digest()
    found.set(algorithm, digest)
    found.set(`${algorithm} in hexadecimal`, Buffer.from(digest.toString('hex')))
    found.set(`${algorithm} in base64`, Buffer.from(digest.toString('base64').replaceAll('=', '')))
  }
  return found
}

/** The digits of base64 that depend on the text alone, when so many bytes stand before it. */
function inner(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): Buffer {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]).toString(encoding)
  const first = Math.ceil((shift * 8) / 6)
  const whole = Math.floor(((shift + bytes.length) * 8) / 6)
  return Buffer.from(encoded.slice(first, whole))
}

function escaped(text: string): string {
  return [...text.split('')]
    .map((unit) => {
      const code = unit.charCodeAt(0)
      return code < 0x20 || code > 0x7e ? `\\u${code.toString(16).padStart(4, '0')}` : unit
    })
    .join('')
}

/** Where any of the spellings of any of the texts stands, in the bytes or in what is compressed in them. */
export function sightings(haystack: Buffer, file: string, texts: readonly string[]): Sighting[] {
  const found: Sighting[] = []
  for (const text of texts) {
    for (const [spelling, bytes] of spellings(text)) {
      if (haystack.includes(bytes)) found.push({ spelling, file })
    }
  }
  for (let at = haystack.indexOf(gzipStart); at >= 0; at = haystack.indexOf(gzipStart, at + 1)) {
    const inside = unzipped(haystack.subarray(at))
    for (const { spelling } of inside ? sightings(inside, file, texts) : []) {
      found.push({ spelling: `${spelling} in gzip`, file })
    }
  }
  return found
}

const gzipStart = Buffer.from([0x1f, 0x8b, 0x08])

function unzipped(bytes: Buffer): Buffer | null {
  try {
    return gunzipSync(bytes)
  } catch {
    return null
  }
}

/** `sightings` in every file of a directory and those below it. */
export function sightingsUnder(directory: string, texts: readonly string[]): Sighting[] {
  return filesUnder(directory).flatMap((file) => sightings(readFileSync(file), file, texts))
}

/** Every file of a directory and those below it. */
export function filesUnder(directory: string): string[] {
  return readdirSync(directory, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
}
