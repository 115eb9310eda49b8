/** A hit: which needle, and where its first byte stands. */
export type Hit = Readonly<{ needle: string; at: number }>

/** How many bytes of a needle the first look compares. Shorter needles cannot be searched for. */
export const SHORTEST_BYTES = 8

const BUCKET_BITS = 20

/**
 * Looks for very many texts in bytes, in one pass, each as UTF-8 and as UTF-16 of both byte orders. A needle
 * that is shorter than `SHORTEST_BYTES` in UTF-8 is an error: it would say little and be found by chance.
 */
export function needles(texts: Iterable<string>): (haystack: Buffer) => Hit[] {
  const maybe = new Uint8Array(1 << BUCKET_BITS)
  const byStart = new Map<string, { needle: string; bytes: Buffer }[]>()
  for (const needle of new Set(texts)) {
    const wide = Buffer.from(needle, 'utf16le')
    for (const bytes of [Buffer.from(needle), wide, Buffer.from(wide).swap16()]) {
      if (bytes.length < SHORTEST_BYTES) throw new Error(`too short to look for: ${needle}`)
      maybe[bucketOf(bytes, 0)] = 1
      const start = bytes.toString('latin1', 0, SHORTEST_BYTES)
      const found = byStart.get(start) ?? []
      byStart.set(start, found)
      found.push({ needle, bytes })
    }
  }
  return (haystack) => {
    const hits: Hit[] = []
    for (let at = 0; at + SHORTEST_BYTES <= haystack.length; at += 1) {
      if (maybe[bucketOf(haystack, at)] === 0) continue
      const start = haystack.toString('latin1', at, at + SHORTEST_BYTES)
      for (const { needle, bytes } of byStart.get(start) ?? []) {
        if (haystack.subarray(at, at + bytes.length).equals(bytes)) hits.push({ needle, at })
      }
    }
    return hits
  }
}

function bucketOf(bytes: Buffer, at: number): number {
  const first = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
  const second =
    bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24)
  const mixed = Math.imul(first, 0x9e3779b1) ^ Math.imul(second, 0x85ebca6b)
  return mixed >>> (32 - BUCKET_BITS)
}
