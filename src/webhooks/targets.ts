import { isIP } from 'node:net'
import { addressSet, isNeverReceiver, isPublic, type AddressSet } from './addresses.ts'

/**
 * An exception that the deployment makes. By default Custody posts to public addresses over https on port
 * 443 only. `port` null: the port that the scheme implies.
 */
export type Allowance = Readonly<
  { port: number | null } & ({ addresses: AddressSet } | { host: string })
>

/** Where a URL leads. `host`: a name, or an address without brackets. */
export type Target = Readonly<{ secure: boolean; host: string; port: number; path: string }>

/** Which targets Custody may post to. */
export type Targets = Readonly<{
  /** Whether it may as far as the URL tells: a name's addresses are known only when it is resolved. */
  mayAsk(target: Target): boolean
  /** Whether it may, at that address. */
  mayReach(target: Target, address: string): boolean
}>

/** The parts of a URL that is http or https. */
export function targetOf(url: string): Target {
  const { protocol, hostname, port, pathname } = new URL(url)
  const secure = protocol === 'https:'
  return {
    secure,
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? impliedPort(secure) : Number(port),
    path: pathname,
  }
}

/**
 * Exceptions as text, apart by commas or spaces: `10.2.0.0/16`, `127.0.0.1:9000`, `[::1]:9000`,
 * `[fd00::/8]`, `hooks.internal:8443`. Over http, or to another port, or to an address that is not public,
 * only what one of them names.
 *
 * @throws RangeError naming the part that is none
 */
export function parseAllowances(text: string): readonly Allowance[] {
  return text
    .split(/[\s,]+/)
    .filter((part) => part !== '')
    .map(parseAllowance)
}

const shape =
  /^(?:\[(?<six>[0-9a-f:.]+(?:\/\d+)?)\]|(?<other>[a-z0-9.-]+(?:\/\d+)?))(?::(?<port>\d{1,5}))?$/i

function parseAllowance(part: string): Allowance {
  const { six, other, port: digits } = shape.exec(part)?.groups ?? {}
  const port = digits === undefined ? null : Number(digits)
  const what = six ?? other
  if (what === undefined || port === 0 || (port ?? 1) > 65_535) {
    throw new RangeError(`${part} is no range of addresses and no host`)
  }
  const isRange = six !== undefined || what.includes('/') || isIP(what) !== 0
  return isRange ? { addresses: addressSet([what]), port } : { host: what.toLowerCase(), port }
}

/** @param allowances the exceptions; without any, public addresses over https on port 443 */
export function createTargets(allowances: readonly Allowance[]): Targets {
  const usual = ({ secure, port }: Target) => secure && port === impliedPort(true)
  const forPort = ({ secure, port }: Target) =>
    allowances.filter((it) => port === (it.port ?? impliedPort(secure)))

  function mayReach(target: Target, address: string): boolean {
    if (usual(target) && isPublic(address)) return true
    return forPort(target).some((allowance) =>
      'host' in allowance
        ? allowance.host === target.host && !isNeverReceiver(address)
        : allowance.addresses.has(address),
    )
  }

  return {
    mayReach,
    mayAsk(target) {
      if (isIP(target.host) !== 0) return mayReach(target, target.host)
      if (usual(target)) return true
      return forPort(target).some((it) => !('host' in it) || it.host === target.host)
    },
  }
}

function impliedPort(secure: boolean): number {
  return secure ? 443 : 80
}
