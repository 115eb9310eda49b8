import { type ControllerId, type Position, START } from '../domain/values.ts'
import { backUp } from './backup.ts'
import { clearEpoch } from './epoch-table.ts'
import type { Keyring } from './keyring.ts'
import { createRotation } from './rotation.ts'
import type { VaultCore } from './vault-core.ts'
import { EpochInUse, type Vault } from './vault.ts'

type Upkeep = Pick<
  Vault,
  'rotate' | 'epochs' | 'destroyEpoch' | 'backup' | 'appliedUpTo' | 'markApplied'
> &
  Readonly<{
    /**
     * Goes on with the rotations that were stopped: in the background, but for one that brings a file of
     * the first format to this one.
     * @throws VaultUnavailable when such a one cannot be ended
     */
    resume(): Promise<void>
    /** Lets no further step begin; resolves when the last one has ended. */
    stop(): Promise<void>
  }>

/** Where the file is, where its epoch keys are, and its own name. */
type Place = Readonly<{ path: string; keyring: Keyring; name: string }>

/** The vault's part that looks after the file: epochs, backups, and how far deletions were applied. */
export function createUpkeep(core: VaultCore, { path, keyring, name }: Place): Upkeep {
  const { database, tables, caches, commits, scrub } = core
  const { controllers, epochs, meta } = tables
  const rotation = createRotation({ database, tables, commits, scrub })
  let resuming: Promise<void> = Promise.resolve()

  const usedBy = (controller: ControllerId): readonly number[] => {
    const row = controllers.row(controller)
    return row ? epochs.numbers(row) : []
  }
  const applied = (): Position => {
    const value = meta.get('applied up to')
    return value ? (Number(value.readBigUInt64BE()) as Position) : START
  }
  return {
    rotate: async (controller) => {
      const { number } = await core.keysOf(controller)
      return { epoch: await rotation.rotate({ number, name: controller }) }
    },
    epochs: async (controller) => {
      const used = commits.read(() => usedBy(controller))
      const available = keyring.list(name, controller)
      const all = new Set([...used, ...available].filter((epoch) => epoch !== clearEpoch))
      return [...all]
        .sort((one, other) => one - other)
        .map((epoch) => ({
          epoch,
          current: epoch === used[0],
          inUse: used.includes(epoch),
          available: available.includes(epoch),
        }))
    },
    destroyEpoch: async (controller, epoch) => {
      await commits.run(
        () => {
          // Inside the transaction no other process begins to use it.
          if (usedBy(controller).includes(epoch)) {
            throw new EpochInUse(`epoch ${epoch} of ${controller} is in use: rotate first`)
          }
          keyring.destroy({ vault: name, controller, epoch })
          return caches.announce()
        },
        (generation) => {
          caches.announced(generation)
          epochs.forget()
        },
      )
    },
    backup: async (target) => ({ epochs: await backUp(path, target) }),
    appliedUpTo: async () => commits.read(applied),
    markApplied: async (position) => {
      if (position <= commits.read(applied)) return
      await commits.run(() => {
        if (position <= applied()) return
        const value = Buffer.alloc(8)
        value.writeBigUInt64BE(BigInt(position))
        meta.set('applied up to', value)
      })
    },
    resume: async () => {
      const isFirstFormat = commits.read(() =>
        controllers.all().some((row) => epochs.numbers(row).includes(clearEpoch)),
      )
      // What goes wrong is said by the next rotation, which ends this one first.
      if (!isFirstFormat) resuming = rotation.resume().catch(() => undefined)
      else await rotation.resume()
    },
    stop: async () => {
      rotation.stop()
      await resuming
    },
  }
}
