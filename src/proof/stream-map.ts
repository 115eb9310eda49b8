import { hash } from 'node:crypto'
import type { Hash } from './merkle.ts'
import { problem, type Problem } from './problem.ts'
import { isCount, isHash, sameBytes } from './values.ts'

/** How far a stream goes: how many events it has, one at least, and the leaf hash of its newest. */
export type StreamHead = Readonly<{ events: number; newest: Hash }>

/** The head of a stream in the map; `key` is what `streamKey` makes of the stream's name. */
export type MapLeaf = StreamHead & Readonly<{ key: Hash }>

/** A node of the map. A subtree with one stream in it is that stream's leaf; one with none is not kept. */
export type MapNode =
  Readonly<{ kind: 'leaf' } & MapLeaf> | Readonly<{ kind: 'inner'; left: Hash; right: Hash }>

/**
 * Where the nodes are kept. A path is the bits of the key down to the node, as `0` and `1`: the root's is
 * the empty text. Nodes are never deleted, as streams never are.
 */
export type MapNodes = Readonly<{
  get: (path: string) => MapNode | null
  set: (path: string, node: MapNode) => void
}>

/**
 * That the map says this of a stream, and nothing else: the hashes beside the way from where it ends up to
 * the root (the root's child last), and, when the way ends at the leaf of another stream, that leaf.
 */
export type HeadProof = Readonly<{ siblings: readonly Hash[]; other: MapLeaf | null }>

/** The root of a map without streams, and the hash of any subtree without: 32 zero bytes. */
export const emptyMapRoot: Hash = Buffer.alloc(32)

const leafPrefix = Buffer.from('\u0000custody head v1\n')
const innerPrefix = Buffer.of(1)
const deepest = 256

/** The key of a stream: SHA-256 of `custody stream v1`, a newline, and its name in UTF-8. */
export function streamKey(stream: string): Hash {
  return sha256(Buffer.from(`custody stream v1\n${stream}`))
}

/**
 * The root over the heads of all streams, by the definition: of none, 32 zero bytes; of one, SHA-256(0x00 ||
 * `custody head v1` || 0x0A || key || events in decimal || 0x0A || newest); of more, SHA-256(0x01 || left ||
 * right) of those whose next bit of the key is 0 and 1. Nothing is stored; the order does not matter.
 *
 * @throws RangeError when a stream has two heads, or a head is none
 */
export function mapRoot(leaves: readonly MapLeaf[]): Hash {
  return build(sorted(leaves), '', () => undefined)
}

/**
 * Puts new heads of streams into the map, all at once: each node above them is hashed once. The root is the
 * same in whatever order and batches the heads came.
 *
 * @param heads the new heads, one for each stream that has changed
 * @returns the new root
 * @throws RangeError when a stream has two heads, or a head is none
 */
export function updateMap(nodes: MapNodes, heads: readonly MapLeaf[]): Hash {
  if (heads.length > 0) return update(nodes, sorted(heads), '')
  const root = nodes.get('')
  return root ? hashOf(root) : emptyMapRoot
}

/** What the map says of a stream, null when it knows none of that name, and the proof of it. */
export function proveHead(
  nodes: MapNodes,
  stream: string,
): { head: StreamHead | null; proof: HeadProof } {
  const key = streamKey(stream)
  const siblings: Hash[] = []
  let path = ''
  let node = nodes.get(path)
  while (node?.kind === 'inner') {
    const right = bitOf(key, path.length)
    siblings.push(right ? node.left : node.right)
    path += right ? '1' : '0'
    node = nodes.get(path)
  }
  siblings.reverse()
  if (!node) return { head: null, proof: { siblings, other: null } }
  const { events, newest } = node
  if (sameBytes(node.key, key))
    return { head: { events, newest }, proof: { siblings, other: null } }
  return { head: null, proof: { siblings, other: { key: node.key, events, newest } } }
}

/**
 * Checks that the map with this root has this head for the stream, or has no such stream. For one root and
 * one stream there is one answer that can be proved. It never throws, whatever the proof holds.
 *
 * @param head null to check that there is no such stream
 * @returns null when it is proved, or what is wrong
 */
export function verifyHead(
  root: Hash,
  stream: string,
  head: StreamHead | null,
  proof: HeadProof,
): Problem | null {
  const key = streamKey(stream)
  const malformed = malformedProof(root, proof) ?? (head && malformedHead(head))
  if (malformed) return malformed
  const { siblings, other } = proof
  const depth = siblings.length
  if (other && (head || !isBeside(other.key, key, depth))) {
    return problem('malformed-proof', 'the other stream is not where this one would be')
  }
  const leaf = head ? { ...head, key } : other
  let node = leaf ? hashLeafOf(leaf) : emptyMapRoot
  for (const [index, sibling] of siblings.entries()) {
    node = bitOf(key, depth - 1 - index) ? hashInner(sibling, node) : hashInner(node, sibling)
  }
  return sameBytes(node, root)
    ? null
    : problem('wrong-root', `the map says another head of ${stream}`)
}

/** Puts sorted heads, one at least, into the subtree at a path; answers its hash. */
function update(nodes: MapNodes, heads: readonly MapLeaf[], path: string): Hash {
  const node = nodes.get(path)
  if (node?.kind !== 'inner') {
    const stays = node && !heads.some(({ key }) => sameBytes(key, node.key))
    return build(stays ? sorted([...heads, node]) : heads, path, nodes.set)
  }
  const [lefts, rights] = split(heads, path.length)
  const left = lefts.length > 0 ? update(nodes, lefts, `${path}0`) : node.left
  const right = rights.length > 0 ? update(nodes, rights, `${path}1`) : node.right
  nodes.set(path, { kind: 'inner', left, right })
  return hashInner(left, right)
}

/** Makes the subtree of sorted leaves where nothing is yet, or one leaf; answers its hash. */
function build(leaves: readonly MapLeaf[], path: string, set: MapNodes['set']): Hash {
  const [first] = leaves
  if (!first) return emptyMapRoot
  if (leaves.length === 1) {
    const { key, events, newest } = first
    set(path, { kind: 'leaf', key, events, newest })
    return hashLeafOf(first)
  }
  const [lefts, rights] = split(leaves, path.length)
  const left = build(lefts, `${path}0`, set)
  const right = build(rights, `${path}1`, set)
  set(path, { kind: 'inner', left, right })
  return hashInner(left, right)
}

/** Divides sorted leaves by one bit of their keys. */
function split(
  leaves: readonly MapLeaf[],
  depth: number,
): [readonly MapLeaf[], readonly MapLeaf[]] {
  let [low, high] = [0, leaves.length]
  while (low < high) {
    const middle = (low + high) >>> 1
    if (bitOf(leaves[middle]!.key, depth)) high = middle
    else low = middle + 1
  }
  return [leaves.slice(0, low), leaves.slice(low)]
}

function sorted(leaves: readonly MapLeaf[]): MapLeaf[] {
  const bad = leaves.some((leaf) => !isHash(leaf.key) || malformedHead(leaf))
  if (bad) throw new RangeError('a leaf has a key and the head of a stream')
  const ordered = leaves.toSorted((one, other) => Buffer.compare(one.key, other.key))
  const twice = ordered.some(({ key }, at) => at > 0 && sameBytes(key, ordered[at - 1]!.key))
  if (twice) throw new RangeError('a stream has one head')
  return ordered
}

function malformedProof(root: unknown, proof: HeadProof): Problem | null {
  const siblings: unknown = proof?.siblings
  if (!Array.isArray(siblings)) return problem('malformed-proof', 'the proof must list hashes')
  if (siblings.length > deepest) return problem('extra-hash', 'no way is longer than 256')
  if (![root, ...(siblings as unknown[])].every(isHash)) {
    return problem('malformed-hash', 'every hash must have 32 bytes')
  }
  // The deepest node stands alone in the subtree only if there is something beside it.
  if (siblings.length > 0 && sameBytes(siblings[0] as Hash, emptyMapRoot)) {
    return problem('malformed-proof', 'a subtree with one stream is that stream')
  }
  const { other } = proof
  if (other === null) return null
  if (!isHash(other?.key)) return problem('malformed-hash', 'every hash must have 32 bytes')
  return malformedHead(other)
}

function malformedHead(head: StreamHead): Problem | null {
  if (!isCount(head?.events) || head.events === 0) {
    return problem('malformed-head', 'a stream has 1 to 2^53 - 1 events')
  }
  if (!isHash(head.newest)) return problem('malformed-hash', 'every hash must have 32 bytes')
  return null
}

/** Whether another key begins with the same bits, so that its leaf can stand where the key's would. */
function isBeside(other: Hash, key: Hash, depth: number): boolean {
  if (sameBytes(other, key)) return false
  for (let bit = 0; bit < depth; bit += 1) if (bitOf(other, bit) !== bitOf(key, bit)) return false
  return true
}

function bitOf(key: Hash, depth: number): boolean {
  return (key[depth >>> 3]! & (0x80 >>> (depth & 7))) !== 0
}

function hashOf(node: MapNode): Hash {
  return node.kind === 'leaf' ? hashLeafOf(node) : hashInner(node.left, node.right)
}

function hashLeafOf({ key, events, newest }: MapLeaf): Hash {
  return sha256(Buffer.concat([leafPrefix, key, Buffer.from(`${events}\n`), newest]))
}

function hashInner(left: Hash, right: Hash): Hash {
  return sha256(Buffer.concat([innerPrefix, left, right]))
}

function sha256(bytes: Uint8Array): Hash {
  return hash('sha256', bytes, 'buffer')
}
