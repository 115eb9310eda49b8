import { subjectBytes } from './subjects.ts'
import type { VaultCore } from './vault-core.ts'
import type { Vault } from './vault.ts'

type Suppressions = Pick<Vault, 'suppress' | 'suppressed' | 'unsuppress' | 'settleSuppressed'>

/** The vault's part that keeps objections alive. */
export function createSuppressions({ tables, commits, keysOf, digested }: VaultCore): Suppressions {
  const { index, subjects, suppressions } = tables
  return {
    suppress: async (controller, subject, purposes) => {
      const keys = await keysOf(controller)
      await commits.run(() => {
        if (subjects.state(keys.number, subject) === null) return
        suppressions.add(keys, index.digestsOf(keys, subjectBytes(subject)), purposes)
      })
    },
    suppressed: async (controller, identifiers) => {
      const keys = await keysOf(controller)
      const digests = digested(keys, identifiers).map(({ digest }) => digest)
      return commits.read(() => suppressions.of(keys, digests))
    },
    unsuppress: async (controller, identifiers, purposes) => {
      const keys = await keysOf(controller)
      const digests = digested(keys, identifiers).map(({ digest }) => digest)
      await commits.run(() => suppressions.remove(keys, digests, purposes))
    },
    settleSuppressed: async (controller, subject) => {
      const keys = await keysOf(controller)
      await commits.run(() => {
        if (subjects.state(keys.number, subject) === null) return
        suppressions.settle(subjectBytes(subject))
      })
    },
  }
}
