import { hash } from 'node:crypto'
import { problem, type Problem } from './problem.ts'
import { isCount, isHash, sameBytes } from './values.ts'

/** A SHA-256 hash: 32 bytes. */
export type Hash = Buffer

/** How long a hash is, in bytes. */
export const hashLength = 32

/**
 * What a tree needs to grow: its size and the roots of the complete subtrees it is made of, the largest
 * (leftmost) first, one for each bit that is set in the size. So at most 53 hashes for any size.
 */
export type Frontier = Readonly<{ size: number; hashes: readonly Hash[] }>

/**
 * The hash of a complete subtree of 2^level leaves, the index-th of that level; level 0 is the leaf
 * hashes. Only complete subtrees are asked for. It throws where it has none.
 */
export type NodeReader = (level: number, index: number) => Hash

/** What an inclusion proof claims: the leaf stands at the index of the tree with this size and root. */
export type InclusionClaim = Readonly<{
  index: number
  size: number
  leaf: Hash
  root: Hash
  path: readonly Hash[]
}>

/** What a consistency proof claims: the newer tree begins with all leaves of the older. */
export type ConsistencyClaim = Readonly<{
  older: Readonly<{ size: number; root: Hash }>
  newer: Readonly<{ size: number; root: Hash }>
  path: readonly Hash[]
}>

const leafPrefix = Buffer.of(0)

/** Two sizes below 2^53 have no longer proof, so a longer list is not even looked at. */
const longestPath = 64

/** The root of a tree without leaves: SHA-256 of nothing (RFC 6962 section 2.1). */
export const emptyRoot: Hash = sha256(Buffer.alloc(0))

/** The frontier of a tree without leaves. */
export const emptyFrontier: Frontier = { size: 0, hashes: [] }

/** The hash of a leaf: SHA-256(0x00 || entry) (RFC 6962 section 2.1). */
export function hashLeaf(entry: Uint8Array): Hash {
  return sha256(Buffer.concat([leafPrefix, entry]))
}

/** The hash of an inner node: SHA-256(0x01 || left || right) (RFC 6962 section 2.1). */
export function hashChildren(left: Hash, right: Hash): Hash {
  const bytes = Buffer.allocUnsafe(1 + 2 * hashLength)
  bytes[0] = 1
  bytes.set(left, 1)
  bytes.set(right, 1 + hashLength)
  return sha256(bytes)
}

/** The root over leaf hashes by the definition itself (RFC 6962 section 2.1): the reference. */
export function rootOf(leaves: readonly Hash[]): Hash {
  const [first] = leaves
  if (!first) return emptyRoot
  if (leaves.length === 1) return first
  const split = splitOf(leaves.length)
  return hashChildren(rootOf(leaves.slice(0, split)), rootOf(leaves.slice(split)))
}

/**
 * The frontier with one more leaf. The one it was made from stays as it was, so that a caller can go back.
 *
 * @param onNode is told each subtree that this leaf completes, the leaf itself first: what tiles store
 * @throws RangeError when the tree would have more than 2^53 - 1 leaves
 */
export function append(
  frontier: Frontier,
  leaf: Hash,
  onNode?: (level: number, index: number, hash: Hash) => void,
): Frontier {
  if (frontier.size >= Number.MAX_SAFE_INTEGER) throw new RangeError('the tree is full')
  const hashes = [...frontier.hashes]
  let node = leaf
  let level = 0
  let index = frontier.size
  onNode?.(level, index, node)
  while (index % 2 === 1) {
    node = hashChildren(hashes.pop()!, node)
    index = (index - 1) / 2
    level += 1
    onNode?.(level, index, node)
  }
  hashes.push(node)
  return { size: frontier.size + 1, hashes }
}

/** The root of the tree that a frontier stands for (RFC 6962 section 2.1). */
export function rootOfFrontier(frontier: Frontier): Hash {
  const [last, ...larger] = frontier.hashes.toReversed()
  return last ? larger.reduce((right, left) => hashChildren(left, right), last) : emptyRoot
}

/**
 * The frontier of the tree of a size, read from stored nodes.
 *
 * @throws RangeError when the size is no whole number from 0 to 2^53 - 1
 */
export function frontierAt(size: number, node: NodeReader): Frontier {
  if (!isCount(size)) throw new RangeError(`no tree has ${size} leaves`)
  const hashes: Hash[] = []
  let start = 0
  while (start < size) {
    const width = largestPowerUpTo(size - start)
    hashes.push(node(Math.log2(width), start / width))
    start += width
  }
  return { size, hashes }
}

/**
 * The inclusion proof of a leaf in the tree of a size: PATH(m, D[n]) of RFC 6962 section 2.1.1.
 *
 * @returns the leaf's sibling first, the root's child last
 * @throws RangeError when the tree of that size does not have that leaf
 */
export function inclusionPath(index: number, size: number, node: NodeReader): Hash[] {
  if (!isCount(size) || !isCount(index) || index >= size) {
    throw new RangeError(`a tree of ${size} leaves has no leaf ${index}`)
  }
  const path: Hash[] = []
  let [start, end] = [0, size]
  while (end - start > 1) {
    const middle = start + splitOf(end - start)
    if (index < middle) {
      path.push(subtreeRoot(middle, end, node))
      end = middle
    } else {
      path.push(subtreeRoot(start, middle, node))
      start = middle
    }
  }
  return path.reverse()
}

/**
 * The proof that the tree of the newer size begins with that of the older: PROOF(m, D[n]) of RFC 6962
 * section 2.1.2. It is empty where the older tree is empty or the sizes are the same.
 *
 * @throws RangeError when the older tree is not smaller or the same, or a size is none
 */
export function consistencyPath(older: number, newer: number, node: NodeReader): Hash[] {
  if (!isCount(older) || !isCount(newer) || older > newer) {
    throw new RangeError(`a tree of ${newer} leaves does not begin with ${older}`)
  }
  if (older === 0 || older === newer) return []
  const path: Hash[] = []
  let [start, end] = [0, newer]
  while (older !== end) {
    const middle = start + splitOf(end - start)
    if (older <= middle) {
      path.push(subtreeRoot(middle, end, node))
      end = middle
    } else {
      path.push(subtreeRoot(start, middle, node))
      start = middle
    }
  }
  // The verifier has the older root itself where the older tree is the whole left side.
  if (start > 0) path.push(subtreeRoot(start, end, node))
  return path.reverse()
}

/**
 * Checks an inclusion proof by the algorithm of RFC 9162 section 2.1.3.2. It never throws, whatever the
 * fields hold.
 *
 * @returns null when the claim is proved, or what is wrong with it
 */
export function verifyInclusion({ index, size, leaf, root, path }: InclusionClaim): Problem | null {
  if (!isCount(size)) return problem('malformed-size', 'the size must be 0 to 2^53 - 1')
  if (!isCount(index)) return problem('malformed-index', 'the index must be 0 to 2^53 - 1')
  if (index >= size) return problem('index-out-of-range', `${size} leaves have no leaf ${index}`)
  const malformed = malformedHash([leaf, root], path)
  if (malformed) return malformed
  let [position, last, node] = [index, size - 1, leaf]
  for (const sibling of path) {
    if (last === 0) return extraHash(path)
    if (position % 2 === 1 || position === last) {
      node = hashChildren(sibling, node)
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)]
    } else {
      node = hashChildren(node, sibling)
    }
    ;[position, last] = [half(position), half(last)]
  }
  if (last !== 0) return missingHash(path)
  return sameBytes(node, root) ? null : problem('wrong-root', 'the leaf does not lead to the root')
}

/**
 * Checks a consistency proof by the algorithm of RFC 9162 section 2.1.4.2. Every tree begins with the
 * empty one, so an older size of 0 has an empty proof and the root of nothing. It never throws, whatever
 * the fields hold.
 *
 * @returns null when the claim is proved, or what is wrong with it
 */
export function verifyConsistency({ older, newer, path }: ConsistencyClaim): Problem | null {
  if (!isCount(older?.size) || !isCount(newer?.size)) {
    return problem('malformed-size', 'a size must be 0 to 2^53 - 1')
  }
  if (older.size > newer.size) {
    return problem('malformed-size', `${older.size} leaves are more than ${newer.size}`)
  }
  const malformed = malformedHash([older.root, newer.root], path)
  if (malformed) return malformed
  const emptied = [older, newer].some(({ size, root }) => size === 0 && !sameBytes(root, emptyRoot))
  if (emptied) return problem('wrong-root', 'a tree without leaves has another root')
  if (older.size === 0 || older.size === newer.size) {
    if (path.length > 0) return extraHash(path)
    if (older.size === 0 || sameBytes(older.root, newer.root)) return null
    return problem('wrong-root', `there are two roots for ${older.size} leaves`)
  }
  return verifyGrowth({ older, newer, path })
}

/** Steps 2 to 7 of RFC 9162 section 2.1.4.2: 0 < older < newer, and every hash is one. */
function verifyGrowth({ older, newer, path }: ConsistencyClaim): Problem | null {
  let [position, last] = [older.size - 1, newer.size - 1]
  while (position % 2 === 1) [position, last] = [half(position), half(last)]
  // A complete older tree is a node of the newer, and its root is not in the proof.
  const [first, ...rest] = position === 0 ? [older.root, ...path] : path
  if (!first) return missingHash(path)
  let [olderRoot, newerRoot] = [first, first]
  for (const sibling of rest) {
    if (last === 0) return extraHash(path)
    if (position % 2 === 1 || position === last) {
      olderRoot = hashChildren(sibling, olderRoot)
      newerRoot = hashChildren(sibling, newerRoot)
      while (position % 2 === 0 && position !== 0) [position, last] = [half(position), half(last)]
    } else {
      newerRoot = hashChildren(newerRoot, sibling)
    }
    ;[position, last] = [half(position), half(last)]
  }
  if (last !== 0) return missingHash(path)
  if (!sameBytes(olderRoot, older.root)) {
    return problem('wrong-root', 'the proof does not lead to the older root')
  }
  if (!sameBytes(newerRoot, newer.root)) {
    return problem('wrong-root', 'the proof does not lead to the newer root')
  }
  return null
}

/** MTH(D[start:end]) of RFC 6962 section 2.1, from complete subtrees. */
function subtreeRoot(start: number, end: number, node: NodeReader): Hash {
  const width = end - start
  const split = splitOf(width)
  if (width === 1 || split * 2 === width) return node(Math.log2(width), start / width)
  return hashChildren(node(Math.log2(split), start / split), subtreeRoot(start + split, end, node))
}

/** The largest power of two below a number of leaves: where RFC 6962 divides a tree. */
function splitOf(width: number): number {
  return largestPowerUpTo(width - 1)
}

function largestPowerUpTo(count: number): number {
  let power = 1
  while (power * 2 <= count) power *= 2
  return power
}

/** Shifts right by one, also beyond 32 bits. */
function half(count: number): number {
  return Math.floor(count / 2)
}

function sha256(bytes: Uint8Array): Hash {
  return hash('sha256', bytes, 'buffer')
}

function malformedHash(single: readonly unknown[], path: unknown): Problem | null {
  if (!Array.isArray(path)) return problem('malformed-proof', 'the proof must be a list of hashes')
  if (path.length > longestPath) return extraHash(path)
  // A hole in a list is seen too: the spread makes it `undefined`.
  const wrong = [...single, ...(path as unknown[])].some((value) => !isHash(value))
  return wrong ? problem('malformed-hash', 'every hash must have 32 bytes') : null
}

function extraHash(path: readonly unknown[]): Problem {
  return problem('extra-hash', `${path.length} hashes are too many for these sizes`)
}

function missingHash(path: readonly unknown[]): Problem {
  return problem('missing-hash', `${path.length} hashes are too few for these sizes`)
}
