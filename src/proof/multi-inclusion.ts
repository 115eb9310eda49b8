import { hashChildren, type Hash } from './merkle.ts'
import { problem, type Problem } from './problem.ts'
import { isCount, isHash, sameBytes } from './values.ts'

/** A leaf and where it stands. */
export type PlacedLeaf = Readonly<{ index: number; leaf: Hash }>

/** The leaves from `start` to before `end`: a subtree as RFC 6962 section 2.1 divides the tree. */
export type Subtree = Readonly<{ start: number; end: number }>

/** What an inclusion proof of many leaves claims: they all stand in the tree of this size and root. */
export type MultiInclusionClaim = Readonly<{
  /** By ascending index; one at least. */
  leaves: readonly PlacedLeaf[]
  size: number
  root: Hash
  hashes: readonly Hash[]
}>

/**
 * The subtrees whose roots lead, with some leaves, to the root of the tree of a size: the largest that hold
 * none of the leaves, from left to right. Of all leaves there are none; of one, those of its inclusion path.
 *
 * @param indexes ascending, none twice, one at least
 * @throws RangeError when the tree of that size does not have those leaves
 */
export function subtreesBeside(indexes: readonly number[], size: number): Subtree[] {
  const wrong = indexes.some(
    (index, at) => !isCount(index) || (at > 0 && index <= indexes[at - 1]!),
  )
  if (indexes.length === 0 || wrong || !isCount(size) || indexes.at(-1)! >= size) {
    throw new RangeError(`a tree of ${size} leaves does not have these leaves in this order`)
  }
  const beside: Subtree[] = []
  let next = 0
  walk({ start: 0, end: size })
  return beside

  function walk({ start, end }: Subtree): void {
    if (next === indexes.length || indexes[next]! >= end) beside.push({ start, end })
    else if (end - start === 1) next += 1
    else for (const half of halvesOf({ start, end })) walk(half)
  }
}

/** The subtrees that the hashes of a leaf's inclusion path are the roots of, in the path's order. */
export function subtreesOfPath(index: number, size: number): Subtree[] {
  const path: Subtree[] = []
  let subtree: Subtree = { start: 0, end: size }
  while (subtree.end - subtree.start > 1) {
    const [left, right] = halvesOf(subtree)
    path.push(index < left.end ? right : left)
    subtree = index < left.end ? left : right
  }
  return path.reverse()
}

/**
 * Checks that all leaves are in the tree, by the definition of its root (RFC 6962 section 2.1): the leaves,
 * and the roots of the subtrees that hold none of them, are all that it is made of. It never throws,
 * whatever the fields hold.
 *
 * @returns null when the claim is proved, or what is wrong with it
 */
export function verifyMultiInclusion(claim: MultiInclusionClaim): Problem | null {
  const { leaves, size, root, hashes } = claim
  const malformed = malformedClaim(claim)
  if (malformed) return malformed
  let [nextLeaf, nextHash] = [0, 0]
  const found = walk({ start: 0, end: size })
  if (!found) return problem('missing-hash', `${hashes.length} hashes are too few`)
  if (nextHash < hashes.length) return problem('extra-hash', `${hashes.length} are too many`)
  if (sameBytes(found, root)) return null
  return problem('wrong-root', 'the leaves do not lead to the root')

  /** Null once there is no hash left where one is needed. */
  function walk({ start, end }: Subtree): Hash | null {
    const place = leaves[nextLeaf]
    if (!place || place.index >= end) return hashes[nextHash++] ?? null
    if (end - start === 1) return leaves[nextLeaf++]!.leaf
    const [leftHalf, rightHalf] = halvesOf({ start, end })
    const left = walk(leftHalf)
    const right = left && walk(rightHalf)
    return left && right && hashChildren(left, right)
  }
}

function malformedClaim({ leaves, size, root, hashes }: MultiInclusionClaim): Problem | null {
  if (!isCount(size)) return problem('malformed-size', 'the size must be 0 to 2^53 - 1')
  if (!Array.isArray(leaves) || leaves.length === 0) {
    return problem('malformed-proof', 'there must be a list of leaves, one at least')
  }
  if (!Array.isArray(hashes)) return problem('malformed-proof', 'there must be a list of hashes')
  let last = -1
  for (const place of leaves as readonly (PlacedLeaf | undefined)[]) {
    if (!isCount(place?.index)) return problem('malformed-index', 'an index is 0 to 2^53 - 1')
    if (place.index >= size) {
      return problem('index-out-of-range', `${size} leaves have no leaf ${place.index}`)
    }
    if (place.index <= last) return problem('malformed-index', 'the leaves must be in their order')
    if (!isHash(place.leaf)) return problem('malformed-hash', 'every hash must have 32 bytes')
    last = place.index
  }
  // A hole in a list is seen too: the spread makes it `undefined`.
  const wrong = !isHash(root) || hashes.findIndex((value) => !isHash(value)) >= 0
  return wrong ? problem('malformed-hash', 'every hash must have 32 bytes') : null
}

/** Where RFC 6962 section 2.1 divides a subtree: the left half is the largest power of two below its width. */
function halvesOf({ start, end }: Subtree): [left: Subtree, right: Subtree] {
  let width = 1
  while (width * 2 < end - start) width *= 2
  return [
    { start, end: start + width },
    { start: start + width, end },
  ]
}
