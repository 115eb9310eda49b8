import type { ControllerId, SubjectId } from '../domain/values.ts'
import { subjectBytes } from './subjects.ts'
import type { VaultCore } from './vault-core.ts'
import { SubjectFenced, type Vault } from './vault.ts'

type Destruction = Pick<
  Vault,
  'fence' | 'unfence' | 'destroyLots' | 'destroyKeys' | 'destroySubject' | 'holds'
>

/** The vault's part that closes people, and destroys what is theirs. */
export function createDestruction(core: VaultCore): Destruction {
  const { tables, commits, keysOf, scrub } = core
  const { subjects, dataKeys, suppressions } = tables

  const { changeKeys, destroy } = changes(core)

  return {
    fence: (controller, subject) =>
      changeKeys(controller, subject, (number) => {
        if (subjects.state(number, subject) !== 'destroyed') {
          subjects.setState(number, subject, 'fenced')
        }
      }),
    async unfence(controller, subject) {
      const { number } = await keysOf(controller)
      await commits.run(() => {
        const state = subjects.state(number, subject)
        if (state === 'destroyed') throw new SubjectFenced('the subject was erased')
        if (state === 'fenced') subjects.setState(number, subject, 'open')
      })
    },
    destroyLots: (controller, subject, lots) =>
      destroy(controller, subject, () => {
        for (const lot of lots) dataKeys.destroyLot(subject, lot)
      }),
    destroyKeys: (controller, subject, scopes) =>
      destroy(controller, subject, () => {
        for (const scope of scopes) dataKeys.destroyScope(subject, scope)
      }),
    async destroySubject(controller, subject) {
      const keys = await keysOf(controller)
      await core.change(subject, () => {
        subjects.state(keys.number, subject)
        dataKeys.destroyAll(subject)
        subjects.destroyIndexRows(keys, subject)
        suppressions.settle(subjectBytes(subject))
        subjects.setState(keys.number, subject, 'destroyed')
      })
      await scrub.scrub()
    },
    async holds(controller, subject) {
      const keys = await keysOf(controller)
      return commits.read(
        () =>
          subjects.state(keys.number, subject) !== null &&
          (dataKeys.hasAny(subject) || subjects.hasIndexRows(keys, subject)),
      )
    },
  }
}

function changes({ tables, caches, commits, keysOf, scrub }: VaultCore) {
  /** After the job nothing that is remembered of the subject's keys counts any more. */
  async function changeKeys(
    controller: ControllerId,
    subject: SubjectId,
    job: (number: number) => void,
  ): Promise<void> {
    const { number } = await keysOf(controller)
    await commits.run(
      () => {
        job(number)
        return caches.announce()
      },
      (generation) => {
        caches.announced(generation)
        caches.forgetKeys(subject)
      },
    )
  }

  async function destroy(
    controller: ControllerId,
    subject: SubjectId,
    job: () => void,
  ): Promise<void> {
    await changeKeys(controller, subject, (number) => {
      // Throws where the subject is another controller's.
      tables.subjects.state(number, subject)
      job()
    })
    await scrub.scrub()
  }
  return { changeKeys, destroy }
}
