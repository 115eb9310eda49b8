import { BlockList, isIP } from 'node:net'

/**
 * What IANA's registries of special-purpose addresses (RFC 6890, as they stand) say is not for the public
 * Internet, and where clouds answer with credentials. `address/prefix`.
 */
const special4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8', // private (RFC 1918)
  '100.64.0.0/10', // carrier-grade NAT; 100.100.100.200 is a cloud's metadata
  '127.0.0.0/8', // loopback
  '168.63.129.16/32', // a cloud's host agent, on a public address
  '169.254.0.0/16', // link-local; 169.254.169.254 is most clouds' metadata
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; 192.0.0.192 is a cloud's metadata
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarking
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
]

/** Of IPv6 only global unicast is public, without what is special in it or holds an IPv4 address. */
const global6 = '2000::/3'
const special6 = [
  '2001::/23', // protocol assignments, Teredo and ORCHID among them
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '3fff::/20', // documentation
]

/** Never a receiver, whatever a name that was allowed resolves to. */
const never = [
  '0.0.0.0/8',
  '100.100.100.200/32',
  '168.63.129.16/32',
  '169.254.0.0/16',
  '224.0.0.0/4',
  '240.0.0.0/4',
  '::/128',
  'fd00:ec2::254/128',
  'fe80::/10',
  'ff00::/8',
]

/** A set of addresses. Each is the same however it is spelled; one of IPv4 is also its IPv6 form. */
export type AddressSet = Readonly<{ has(address: string): boolean }>

/**
 * @param subnets as `10.0.0.0/8`, `::1/128` or a single address
 * @throws RangeError where one is neither
 */
export function addressSet(subnets: readonly string[]): AddressSet {
  const list = new BlockList()
  for (const subnet of subnets) {
    const [address = '', prefix] = subnet.split('/')
    const family = familyOf(address)
    const longest = family === 'ipv6' ? 128 : 32
    const bits = prefix === undefined ? longest : Number(prefix || NaN)
    if (!family || !Number.isInteger(bits) || bits < 0 || bits > longest) {
      throw new RangeError(`${subnet} is no range of addresses`)
    }
    list.addSubnet(address, bits, family)
  }
  return {
    has(address) {
      const bare = address.split('%', 1)[0] ?? ''
      const family = familyOf(bare)
      return family !== null && list.check(bare, family)
    },
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' | null {
  const version = isIP(address)
  return version === 0 ? null : version === 4 ? 'ipv4' : 'ipv6'
}

const specials = addressSet([...special4, ...special6])
const globals = addressSet([global6])
const nevers = addressSet(never)

/** Whether the address is one of the public Internet, reached without any translation. */
export function isPublic(address: string): boolean {
  if (isIP(address) === 4) return !specials.has(address)
  return isIP(address) === 6 && globals.has(address) && !specials.has(address)
}

/** Whether the address is one that no name may lead to. */
export function isNeverReceiver(address: string): boolean {
  return isIP(address) === 0 || nevers.has(address)
}
