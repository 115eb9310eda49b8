import { backupDecider, type BackupState } from '../domain/backup/decider.ts'
import type { BackupCommand } from '../domain/backup/commands.ts'
import { addTo, dayOf } from '../domain/policy/calendar.ts'
import { streamName } from '../domain/envelope.ts'
import type { Refusal } from '../domain/refusal.ts'
import type { ControllerId, Day, Instant, Reference } from '../domain/values.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { Views } from '../projections/views.ts'
import type { Vault } from '../vault/vault.ts'
import type { Register } from './register.ts'
import type { Caller } from './services.ts'
import { takeStep } from './steps.ts'
import { takeSubjectStep } from './subject-step.ts'

type Deps = Readonly<{
  executor: Executor
  vault: Vault
  views: Views
  register: Register
  now: () => Instant
}>

/** A backup of the vault, of all its controllers at once; nothing was written where it was refused. */
export type BackupOutcome =
  | Readonly<{
      outcome: 'taken'
      backup: Reference
      /** What the copy cannot be opened without, and until when that exists. */
      opensWith: readonly Readonly<{ controller: ControllerId; epoch: number; expires: Day }>[]
    }>
  | Readonly<{ outcome: 'refused'; controller: ControllerId; refusals: readonly Refusal[] }>
  /** S31: the controller's policy does not say how long a backup of its people may live. */
  | Readonly<{ outcome: 'no_life'; controller: ControllerId }>

/** What came to its end, of one controller. */
export type ResidueOutcome = Readonly<{
  backups: readonly Reference[]
  epochs: readonly number[]
  residues: number
}>

/** Copies of the vault, how long they live, and what that means for what was deleted (S31, N4). */
export type BackupService = Readonly<{
  /**
   * Writes a copy of the vault to a new file, and then begins a new epoch of every controller's keys: so
   * each copy has epochs of its own, which can be destroyed when its life is over.
   * @throws VaultUnavailable when the file could not be written, or the rotation is pending
   */
  take(caller: Caller, step: { backup: Reference; path: string }): Promise<BackupOutcome>
  /**
   * Begins a new epoch of every controller's keys: after a restore, so that no key in use is one that the
   * copy opens with. @throws VaultUnavailable when the rotation is pending
   */
  beginEpochs(caller: Caller): Promise<void>
  /**
   * Ends what is over on that day: backups, the epochs that only they needed, and the residues of
   * deletions. Safe to run twice, on two processes at once, and to kill at any moment.
   */
  expire(caller: Caller, asOf: Day): Promise<ResidueOutcome>
}>

const VIEWS_WAIT_MS = 30_000
const RESIDUES_PAGE = 500

/** The service over the controllers' streams of backups. */
export function createBackups(deps: Deps): BackupService {
  return {
    take: (caller, step) => take(deps, caller, step),
    async beginEpochs(caller) {
      for (const controller of controllersOf(deps.views, caller)) {
        if ((await deps.vault.epochs(controller)).length === 0) continue
        const { timeZone } = await deps.register.ready(controller)
        await beginEpoch(deps, { ...caller, controller }, dayOf(deps.now(), timeZone))
      }
    },
    async expire(caller, asOf) {
      const backups = await expireBackups(deps, caller, asOf)
      const epochs = await destroyEpochs(deps, caller, asOf)
      const residues = await endResidues(deps, caller, asOf)
      return { backups, epochs, residues }
    },
  }
}

type Planned = Readonly<{ controller: ControllerId; epoch: number; on: Day; expires: Day }>

async function take(
  deps: Deps,
  caller: Caller,
  { backup, path }: { backup: Reference; path: string },
): Promise<BackupOutcome> {
  const { vault, views } = deps
  const planned: Planned[] = []
  for (const controller of controllersOf(views, caller)) {
    const current = (await vault.epochs(controller)).find((epoch) => epoch.current)
    if (!current) continue
    const life = await lifeOf(deps, controller)
    if (!life) return { outcome: 'no_life', controller }
    planned.push({ controller, epoch: current.epoch, ...life })
  }
  // Written first, so that whatever happens no copy is unknown.
  for (const { controller, epoch, on, expires } of planned) {
    const command = { type: 'TakeVaultBackup', on, backup, epoch, expires } as const
    const answer = await step(deps.executor, { ...caller, controller }, command)
    if (answer.outcome === 'refused') {
      return { outcome: 'refused', controller, refusals: answer.refusals }
    }
  }
  await vault.markApplied(views.position())
  const { epochs } = await vault.backup(path)
  const opensWith = await alsoNeeded(deps, caller, backup, planned, epochs)
  for (const { controller, on } of planned) await beginEpoch(deps, { ...caller, controller }, on)
  return { outcome: 'taken', backup, opensWith }
}

async function beginEpoch({ vault, executor }: Deps, caller: Caller, on: Day): Promise<void> {
  const { epoch } = await vault.rotate(caller.controller)
  await step(executor, caller, { type: 'BeginEpoch', on, epoch })
}

/** Another process may have begun an epoch in between: then the copy needs that one as well. */
async function alsoNeeded(
  deps: Deps,
  caller: Caller,
  backup: Reference,
  planned: readonly Planned[],
  found: readonly Readonly<{ controller: ControllerId; epoch: number }>[],
) {
  const needed = planned.map(({ on: _, ...rest }) => rest)
  for (const { controller, epoch } of found) {
    const plan = planned.find((one) => one.controller === controller)
    if (!plan || plan.epoch === epoch) continue
    const { on, expires } = plan
    const named = `${backup}-epoch-${epoch}` as Reference
    const command = { type: 'TakeVaultBackup', on, backup: named, epoch, expires } as const
    await step(deps.executor, { ...caller, controller }, command)
    needed.push({ controller, epoch, expires })
  }
  return needed
}

function controllersOf(views: Views, { controller }: Caller): readonly ControllerId[] {
  return [...new Set([...views.controllers(), controller])].sort()
}

/** Today where the controller keeps its calendar, and the day on which a backup of today is over. */
async function lifeOf(
  { register, now }: Deps,
  controller: ControllerId,
): Promise<{ on: Day; expires: Day } | null> {
  const known = await register.ready(controller)
  const at = now()
  const policy = known.policyAt(at, null)
  const keep = policy?.source.backups?.keep
  if (!policy || keep === undefined) return null
  const on = dayOf(at, policy.timeZone)
  return { on, expires: addTo(on, keep) }
}

async function expireBackups(deps: Deps, caller: Caller, asOf: Day): Promise<Reference[]> {
  const { open } = await backupState(deps, caller)
  const over = [...open].filter(([, { expires }]) => expires <= asOf).map(([backup]) => backup)
  for (const backup of over) {
    await step(deps.executor, caller, { type: 'ExpireVaultBackup', on: asOf, backup })
  }
  return over.sort()
}

/** The keys of epochs that no row of the vault and no living backup needs. */
async function destroyEpochs(deps: Deps, caller: Caller, asOf: Day): Promise<number[]> {
  const { open } = await backupState(deps, caller)
  const needed = new Set([...open.values()].map(({ epoch }) => epoch))
  const destroyed: number[] = []
  for (const { epoch, current, inUse, available } of await deps.vault.epochs(caller.controller)) {
    if (current || inUse || needed.has(epoch)) continue
    await deps.vault.destroyEpoch(caller.controller, epoch)
    const command = { type: 'DestroyEpoch', on: asOf, epoch } as const
    await step(deps.executor, caller, command)
    if (available) destroyed.push(epoch)
  }
  return destroyed
}

async function endResidues({ executor, views, register }: Deps, caller: Caller, asOf: Day) {
  const { timeZone } = await register.ready(caller.controller)
  let ended = 0
  let cursor: string | null = null
  const position = views.position()
  do {
    const paging = { limit: RESIDUES_PAGE, cursor }
    const page = views.residues(caller.controller, position, { dueBy: asOf }, paging)
    const answers = await Promise.all(
      page.rows.map(({ subject, deletion }) =>
        takeSubjectStep(executor, caller, {
          subject,
          at: null,
          timeZone,
          command: { type: 'EndResidue', deletion },
        }),
      ),
    )
    for (const { events, position: last } of answers) {
      ended += events.length
      if (events.length > 0) await views.waitFor(last, VIEWS_WAIT_MS)
    }
    cursor = page.next
  } while (cursor !== null)
  return ended
}

function backupState({ executor }: Deps, { controller }: Caller): Promise<BackupState> {
  const stream = streamName('backup', controller, 'vault')
  return executor.load(stream, backupDecider, ({ state }) => state)
}

function step(executor: Executor, caller: Caller, command: BackupCommand) {
  return takeStep(executor, caller, {
    kind: 'backup',
    id: 'vault',
    decider: backupDecider,
    command: () => command,
    context: undefined,
  })
}
