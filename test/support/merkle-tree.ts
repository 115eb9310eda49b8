import {
  append,
  emptyFrontier,
  emptyRoot,
  hashLeaf,
  rootOfFrontier,
  type Frontier,
  type Hash,
  type NodeReader,
} from '../../src/proof/merkle.ts'

const bytes = (hex: string) => Buffer.from(hex, 'hex')

/** The leaves and roots that the tests of Certificate Transparency publish for RFC 6962. */
export const published = {
  leaves: [
    '',
    '00',
    '10',
    '2021',
    '3031',
    '40414243',
    '5051525354555657',
    '606162636465666768696a6b6c6d6e6f',
  ].map((text) => hashLeaf(bytes(text))),
  roots: [
    'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
    'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
    'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
    'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
    '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
    'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
    '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
  ],
}

/** A tree with every complete subtree that `append` has told of, and the root of each size. */
export function grown(leaves: readonly Hash[]) {
  const nodes = new Map<string, Hash>()
  const roots = [emptyRoot]
  let frontier: Frontier = emptyFrontier
  for (const leaf of leaves) {
    frontier = append(frontier, leaf, (level, index, hash) => nodes.set(`${level}/${index}`, hash))
    roots.push(rootOfFrontier(frontier))
  }
  const node: NodeReader = (level, index) => {
    const found = nodes.get(`${level}/${index}`)
    if (!found) throw new Error(`no complete subtree at ${level}/${index}`)
    return found
  }
  return { node, roots, frontier, nodes }
}
