import type { Decision } from '../decision.ts'
import type { SubjectCommand } from './commands.ts'
import type { SubjectEvent } from './events.ts'
import { NOTHING, recorded } from './refused.ts'
import type { SubjectState } from './state.ts'

type Command<T extends SubjectCommand['type']> = Extract<SubjectCommand, { type: T }>

/** N4: what a restored vault had brought back is destroyed again, also after everything was erased. */
export function decideReapplyDeletion({
  on,
  deletion,
  lots,
}: Command<'ReapplyDeletion'>): Decision<SubjectEvent> {
  const data = { on, deletion, lots: [...lots] }
  return recorded({ type: 'DeletionReapplied', version: 1, data })
}

/** S31: of two jobs at once the later finds it ended. A deletion that was never done has no residue. */
export function decideEndResidue(
  { on, deletion }: Command<'EndResidue'>,
  state: SubjectState,
): Decision<SubjectEvent> {
  if (!state.residues.has(deletion)) return NOTHING
  return recorded({ type: 'ResidueEnded', version: 1, data: { on, deletion } })
}
