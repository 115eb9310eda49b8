import type { Decider, Decision } from '../decision.ts'
import type { RefusalCode } from '../refusal.ts'
import { record, refuseStep } from '../step-refused.ts'
import { assertNever, type Day, type ObligationId, type Reference } from '../values.ts'
import type { BackupCommand } from './commands.ts'
import type { BackupEvent } from './events.ts'

/** The backups whose life is not over, and the epochs that began and were not destroyed. */
export type BackupState = Readonly<{
  open: ReadonlyMap<Reference, Readonly<{ epoch: number; expires: Day }>>
  /** The epoch of the vault's keys now; 1 until another begins. */
  current: number
  /** Those before it whose keys are still there. */
  retired: ReadonlySet<number>
  /** References that were given before: a backup's name is used once. */
  known: ReadonlySet<Reference>
}>

const RESIDUE = 'S31' as ObligationId

/** The life of a controller's vault backups (S31). */
export const backupDecider: Decider<BackupState, BackupCommand, BackupEvent, undefined> = {
  initialState: () => ({ open: new Map(), current: 1, retired: new Set(), known: new Set() }),
  decide,
  evolve,
}

function decide(command: BackupCommand, state: BackupState): Decision<BackupEvent> {
  switch (command.type) {
    case 'TakeVaultBackup': {
      const { on, backup, epoch, expires } = command
      if (state.known.has(backup)) {
        return refused(command, 'already_exists', 'A backup of this name was taken before.')
      }
      if (expires <= on) {
        return refused(command, 'wrong_status', 'A backup must live for at least a day.')
      }
      const data = { on, backup, epoch, expires }
      return record<BackupEvent>({ type: 'VaultBackupTaken', version: 1, data })
    }
    case 'ExpireVaultBackup':
      return expire(command, state)
    case 'BeginEpoch': {
      const { on, epoch } = command
      if (epoch <= state.current) return record()
      return record<BackupEvent>({ type: 'EpochBegun', version: 1, data: { on, epoch } })
    }
    case 'DestroyEpoch':
      return destroyEpoch(command, state)
    case 'ReconcileRestoredVault': {
      const { on, checked, reapplied } = command
      const data = { on, checked, reapplied }
      return record<BackupEvent>({ type: 'RestoredVaultReconciled', version: 1, data })
    }
    default:
      return assertNever(command)
  }
}

function expire(
  command: Extract<BackupCommand, { type: 'ExpireVaultBackup' }>,
  state: BackupState,
): Decision<BackupEvent> {
  const { on, backup } = command
  if (!state.known.has(backup)) {
    return refused(command, 'not_found', 'No backup of this name was taken.')
  }
  const open = state.open.get(backup)
  if (!open) return record()
  if (open.expires > on) {
    return refused(command, 'wrong_status', `The backup lives until ${open.expires}.`)
  }
  return record<BackupEvent>({ type: 'VaultBackupExpired', version: 1, data: { on, backup } })
}

function destroyEpoch(
  command: Extract<BackupCommand, { type: 'DestroyEpoch' }>,
  state: BackupState,
): Decision<BackupEvent> {
  const { on, epoch } = command
  if (epoch >= state.current) {
    return refused(command, 'wrong_status', `Epoch ${epoch} is the one in use.`)
  }
  if (!state.retired.has(epoch)) return record()
  const needs = [...state.open].find(([, backup]) => backup.epoch === epoch)
  if (needs) {
    const explanation = `The backup ${needs[0]} opens with it until ${needs[1].expires}.`
    return refused(command, 'wrong_status', explanation)
  }
  return record<BackupEvent>({ type: 'EpochDestroyed', version: 1, data: { on, epoch } })
}

function refused(
  command: BackupCommand,
  code: RefusalCode,
  explanation: string,
): Decision<BackupEvent> {
  return refuseStep('BackupStepRefused', command, code, explanation, { obligation: RESIDUE })
}

function evolve(state: BackupState, event: BackupEvent): BackupState {
  switch (event.type) {
    case 'VaultBackupTaken': {
      const { backup, epoch, expires } = event.data
      const open = new Map(state.open).set(backup, { epoch, expires })
      return { ...state, open, known: new Set(state.known).add(backup) }
    }
    case 'VaultBackupExpired': {
      const open = new Map(state.open)
      open.delete(event.data.backup)
      return { ...state, open }
    }
    case 'EpochBegun': {
      const retired = new Set(state.retired)
      for (let epoch = state.current; epoch < event.data.epoch; epoch += 1) retired.add(epoch)
      return { ...state, current: event.data.epoch, retired }
    }
    case 'EpochDestroyed': {
      const retired = new Set(state.retired)
      retired.delete(event.data.epoch)
      return { ...state, retired }
    }
    case 'RestoredVaultReconciled':
    case 'BackupStepRefused':
      return state
    default:
      return assertNever(event)
  }
}
