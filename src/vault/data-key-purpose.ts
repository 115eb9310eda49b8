import type { SubjectId } from '../domain/values.ts'
import type { ControllerRow } from './epoch-keys.ts'
import type { KeyScope } from './vault.ts'

export type KeyOwner = Readonly<{ controller: ControllerRow; subject: SubjectId }>

/** What a data key is wrapped for: whose it is, of what, under which epoch, and its own id. */
export function dataKeyPurpose(
  { controller, subject }: KeyOwner,
  { category, lot }: KeyScope,
  epoch: number,
  id: string,
): readonly string[] {
  return ['data', controller.name, subject, category, lot, String(epoch), id]
}
