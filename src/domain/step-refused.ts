import { refuse, type Ground } from './policy/refusing.ts'
import { inPrecedence, type Refusal, type RefusalCode } from './refusal.ts'

/** The event of a step that was refused, in a stream whose type of it is `T`. */
export type StepRefused<T extends string> = {
  type: T
  version: 1
  data: { command: string; refusals: Refusal[] }
}

/** A step is refused, and the attempt is recorded as an event of the stream's own type for that. */
export function refuseStep<T extends string>(
  type: T,
  command: { type: string },
  code: RefusalCode,
  explanation: string,
  ground: Ground = {},
): { outcome: 'refused'; refusals: readonly Refusal[]; events: readonly [StepRefused<T>] } {
  const refusals = inPrecedence([refuse(code, ground, explanation)])
  const data = { command: command.type, refusals }
  return { outcome: 'refused', refusals, events: [{ type, version: 1, data }] }
}

/** These events; none: nothing was left to do. */
export function record<E>(...events: readonly E[]): { outcome: 'recorded'; events: readonly E[] } {
  return { outcome: 'recorded', events }
}
