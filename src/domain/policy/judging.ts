import type { Authority, RecipientStanding } from '../judgement.ts'
import type { Refusal } from '../refusal.ts'
import type { Instant, Lot } from '../values.ts'
import type { Mode } from '../judgement.ts'
import type { CompiledPolicy } from './compile.ts'
import type { CollectionRule } from './schema.ts'

/** What an act is judged with beside the subject's state. */
export type JudgingContext = Readonly<{
  /** The version in force at the time of the act; null where none is. */
  policy: CompiledPolicy | null
  /** For a share: the recipient as registered; null where it is not. */
  recipient: RecipientStanding | null
  /** S8: the act names a business transfer, and that is being executed. */
  transferUnderWay: boolean
}>

/**
 * When the act happens. `enforce` judges by what stands last in the stream, whatever the clocks say, so
 * that no use is ever permitted after an acknowledged withdrawal (N1). `observe` judges by what stood
 * at `at`, as it is known now.
 */
export type Moment = Readonly<{ at: Instant; mode: Mode }>

/** The outcome of judging one act. All refusals are given, in precedence. */
export type Judged = Readonly<
  (
    | { outcome: 'permitted'; authority: Authority }
    | { outcome: 'refused'; refusals: readonly Refusal[] }
  ) & {
    /** The rule a collection came under: says whether it is transient. */
    collection: CollectionRule | null
    /** S19: the transient lot whose one use this would be. */
    spends: Lot | null
  }
>
