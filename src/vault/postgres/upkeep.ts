import { START, type Position } from '../../domain/values.ts'
import type { Keyring } from '../keyring.ts'
import { EpochInUse, type Vault } from '../vault.ts'
import { backUp } from './backup.ts'
import type { PostgresCore } from './core.ts'
import { numbersOf } from './epochs.ts'
import { createRotation } from './rotation.ts'

type Upkeep = Pick<
  Vault,
  'rotate' | 'epochs' | 'destroyEpoch' | 'backup' | 'appliedUpTo' | 'markApplied'
> &
  Readonly<{
    /** Goes on, in the background, with the rotations that were stopped. */
    resume(): void
    /** Lets no further step begin; resolves when the last one has ended. */
    stop(): Promise<void>
  }>

const applied = 'applied up to'

/** The vault's part that looks after the store: epochs, backups, and how far deletions were applied. */
export function createUpkeep(
  core: PostgresCore,
  { keyring, name }: Readonly<{ keyring: Keyring; name: string }>,
): Upkeep {
  const { driver, epochs, coherence } = core
  const rotation = createRotation(core)
  let resuming: Promise<void> = Promise.resolve()
  return {
    rotate: async (controller) => {
      const { number } = await core.keysOf(controller)
      return { epoch: await rotation.rotate({ number, name: controller }) }
    },
    epochs: async (controller) => {
      const row = await epochs.row(driver.query, controller)
      const used = row ? await numbersOf(driver.query, row.number) : []
      const available = keyring.list(name, controller)
      return [...new Set([...used, ...available])]
        .sort((one, other) => one - other)
        .map((epoch) => ({
          epoch,
          current: epoch === used[0],
          inUse: used.includes(epoch),
          available: available.includes(epoch),
        }))
    },
    destroyEpoch: async (controller, epoch) => {
      const generation = await driver.transaction(async (query) => {
        const row = await epochs.row(query, controller)
        // While the lock is held no other node begins to use it.
        const used = row ? await epochs.hold(query, row) : []
        if (used.includes(epoch)) {
          throw new EpochInUse(`epoch ${epoch} of ${controller} is in use: rotate first`)
        }
        keyring.destroy({ vault: name, controller, epoch })
        return coherence.announce(query, null)
      })
      await coherence.confirmed(generation)
    },
    backup: async (path) => ({ epochs: await backUp(driver, path) }),
    appliedUpTo: async () => {
      const [row] = await driver.query<{ value: Buffer }>(
        'SELECT value FROM meta WHERE name = $1',
        [applied],
      )
      return row ? (Number(row.value.readBigUInt64BE()) as Position) : START
    },
    markApplied: async (position) => {
      const value = Buffer.alloc(8)
      value.writeBigUInt64BE(BigInt(position))
      // Of eight bytes each, the greater number is the greater value.
      await driver.query(
        `INSERT INTO meta (name, value) VALUES ($1, $2)
         ON CONFLICT (name) DO UPDATE SET value = excluded.value WHERE meta.value < excluded.value`,
        [applied, value],
      )
    },
    resume: () => {
      // What goes wrong is said by the next rotation, which ends this one first.
      resuming = rotation.resume().catch(() => undefined)
    },
    stop: async () => {
      rotation.stop()
      await resuming
    },
  }
}
