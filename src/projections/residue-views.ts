import type {
  ControllerId,
  Day,
  Instant,
  Position,
  Reference,
  SubjectId,
} from '../domain/values.ts'
import type { Page, Paging } from './views.ts'

/** A backup of the vault; `expires` is the day on which its life is over. */
export type VaultBackupRow = Readonly<{
  backup: Reference
  epoch: number
  takenAt: Instant
  expires: Day
  expiredAt: Instant | null
}>

/** What a deletion destroyed may be left in backups until that day (exclusive). */
export type ResidueRow = Readonly<{
  subject: SubjectId
  deletion: Reference
  began: Position
  beganAt: Instant
  until: Day
}>

/** The questions about what is left in backups. A part of `Views`. */
export interface ResidueViews {
  /** Every controller of the ledger, in alphabetical order. */
  controllers(): readonly ControllerId[]
  /** By name. */
  vaultBackups(controller: ControllerId, position: Position): readonly VaultBackupRow[]
  /** The residues that had not ended at the position, by when they began. `dueBy`: over on that day. */
  residues(
    controller: ControllerId,
    position: Position,
    filter: { subject?: SubjectId; dueBy?: Day },
    paging: Paging,
  ): Page<ResidueRow>
}
