import type { Vault } from '../vault/vault.ts'
import type { Attributes } from './attributes.ts'
import type { Spans } from './spans.ts'

/**
 * Spans of what is asked of the vault's store: which call, how long and of how many. What it answers from
 * memory has none.
 */
export function traceVault(spans: Spans, vault: Vault): Vault {
  const call = <Result>(name: string, work: () => Promise<Result>, attributes: Attributes = {}) =>
    spans.within(`vault.${name}`, { attributes }, work)
  const keys = (count: number): Attributes => ({ 'custody.keys': count })
  const people = (count: number): Attributes => ({ 'custody.people': count })
  const lots = (count: number): Attributes => ({ 'custody.lots': count })
  return {
    find: (...asked) => call('find', () => vault.find(...asked)),
    findCached: (...asked) => vault.findCached(...asked),
    checkIdentifiers: (identifiers) => vault.checkIdentifiers(identifiers),
    identify: (...asked) => call('identify', () => vault.identify(...asked), people(1)),
    identifyAll: (...asked) =>
      call('identifyAll', () => vault.identifyAll(...asked), people(asked[1].length)),
    keysFor: (...asked) => call('keysFor', () => vault.keysFor(...asked), keys(asked[2].length)),
    cachedKeys: (...asked) => vault.cachedKeys(...asked),
    keysForAll: (...asked) =>
      call('keysForAll', () => vault.keysForAll(...asked), people(asked[1].length)),
    openKeys: (...asked) => call('openKeys', () => vault.openKeys(...asked), keys(asked[2].length)),
    destroyLots: (...asked) =>
      call('destroyLots', () => vault.destroyLots(...asked), lots(asked[2].length)),
    destroyKeys: (...asked) =>
      call('destroyKeys', () => vault.destroyKeys(...asked), keys(asked[2].length)),
    fence: (...asked) => call('fence', () => vault.fence(...asked)),
    unfence: (...asked) => call('unfence', () => vault.unfence(...asked)),
    destroySubject: (...asked) => call('destroySubject', () => vault.destroySubject(...asked)),
    holds: (...asked) => call('holds', () => vault.holds(...asked)),
    digest: (...asked) => vault.digest(...asked),
    ready: (controller) => vault.ready(controller),
    suppress: (...asked) => call('suppress', () => vault.suppress(...asked)),
    suppressed: (...asked) => call('suppressed', () => vault.suppressed(...asked)),
    unsuppress: (...asked) => call('unsuppress', () => vault.unsuppress(...asked)),
    settleSuppressed: (...asked) =>
      call('settleSuppressed', () => vault.settleSuppressed(...asked)),
    rotate: (controller) => call('rotate', () => vault.rotate(controller)),
    epochs: (controller) => call('epochs', () => vault.epochs(controller)),
    destroyEpoch: (...asked) => call('destroyEpoch', () => vault.destroyEpoch(...asked)),
    backup: (path) => call('backup', () => vault.backup(path)),
    appliedUpTo: () => vault.appliedUpTo(),
    markApplied: (position) => vault.markApplied(position),
    close: () => vault.close(),
  }
}
