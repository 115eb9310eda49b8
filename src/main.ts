import type { KeyObject } from 'node:crypto'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { createAccess } from './application/access.ts'
import { createBackups } from './application/backups.ts'
import { createConsents } from './application/consents.ts'
import { createDeletions } from './application/deletions.ts'
import { createDisclosing } from './application/disclosing.ts'
import { createEndpoints } from './application/endpoints.ts'
import { createHolds } from './application/holds.ts'
import { createNotifications, type Deliver } from './application/notifications.ts'
import { createOperations } from './application/operations.ts'
import { createPolicies } from './application/policies.ts'
import { createRecipients } from './application/recipients.ts'
import { reconcileVault, type Reconciled } from './application/reconcile.ts'
import { createRecording } from './application/recording.ts'
import { createRegister, type Register } from './application/register.ts'
import { createRequests } from './application/requests.ts'
import type { Services } from './application/services.ts'
import { createRuns } from './application/runs.ts'
import { createSubjects } from './application/subjects.ts'
import { createTransfers } from './application/transfers.ts'
import type { Configuration } from './config.ts'
import type { Downstream, EndpointUrl } from './domain/endpoint/events.ts'
import { streamName } from './domain/envelope.ts'
import { transferDecider } from './domain/transfer/decider.ts'
import { Principal, type ControllerId, type Instant, type SubjectId } from './domain/values.ts'
import { createEvidence, type EvidenceService } from './evidence/make.ts'
import { destroyDirectory } from './files/durable-file.ts'
import { loadKeys } from './keys.ts'
import { newEventId } from './ledger/event-id.ts'
import type { EventLog } from './ledger/event-log.ts'
import { createExecutor } from './ledger/execute.ts'
import type { Executor } from './ledger/execute-types.ts'
import { backUpLedger } from './ledger/sqlite/backup.ts'
import { nameOf, openLedger } from './ledger/place.ts'
import { createNotary } from './notary/create-notary.ts'
import type { Notary } from './notary/notary.ts'
import { downstreamKey } from './projections/endpoints.ts'
import { parseVerifierKey } from './proof/note.ts'
import { startProjectorThread, type ProjectorThread } from './projections/projector-thread.ts'
import { rebuild } from './projections/rebuild.ts'
import { openViews } from './projections/sqlite-views.ts'
import type { Views } from './projections/views.ts'
import { takeManifest } from './reports/manifest.ts'
import { cursorKey } from './vault/cursor-key.ts'
import { openVault } from './vault/place.ts'
import { takeSnapshot } from './sqlite/snapshot.ts'
import { untraced, type Wrappers } from './tracing/tracing.ts'
import type { Vault } from './vault/vault.ts'
import { createWebhookSecrets } from './vault/webhook-secrets.ts'
import { createSender } from './webhooks/sender.ts'
import { spellSecret } from './webhooks/signing.ts'
import { createTargets, targetOf } from './webhooks/targets.ts'

/** The running ledger: the stores, the views that follow, and the services on top. */
export type Custody = Readonly<{
  configuration: Configuration
  log: EventLog
  vault: Vault
  views: Views
  executor: Executor
  services: Services
  /** What a restored vault's file had brought back at the start, and was destroyed again. */
  reconciled: Reconciled
  notary: Notary
  evidence: EvidenceService
  /** Posts a message to a downstream system, once. */
  deliver: Deliver
  /** 32 bytes that seal the API's cursors: the same on every node, so that each reads the others'. */
  cursorKey: Buffer
  /** What goes wrong behind the scenes and is tried again. Answers how to stop hearing of it. */
  onTrouble(callback: (trouble: Trouble) => void): () => void
  now: () => Instant
  /** Copies an embedded ledger's file while it serves; null: its store is copied by its own means. */
  backUpLedger: ((path: string) => Promise<void>) | null
  /** Copies the views' file while it serves: another node may begin with it instead of from nothing. */
  copyViews: (path: string) => Promise<void>
  /** Resolves when the views show everything that the ledger held when it was called. */
  caughtUp(): Promise<void>
  /** Folds the views anew from the ledger; the position reached goes to `onProgress`. */
  rebuild(onProgress: (position: number) => void): Promise<{ events: number }>
  close(): Promise<void>
}>

/** `views`: they could not be folded further. `subscription`: what they follow the log by was lost. */
export type Trouble = Readonly<{ of: 'views' | 'subscription'; message: string }>

let millisecond = NaN
let spelt = '' as Instant

/** The time of day. It is asked for several times in each act, and spelt once a millisecond. */
function now(): Instant {
  const current = Date.now()
  if (current !== millisecond) {
    millisecond = current
    spelt = new Date(current).toJSON() as Instant
  }
  return spelt
}

/** `observe`: looks at what is asked of the event log, for metrics. `trace`: makes spans of what is done. */
export type OpenOptions = Readonly<{ observe?: (log: EventLog) => EventLog; trace?: Wrappers }>

/**
 * The one place that wires: opens the stores that the configuration names, starts the projector and
 * puts the services together. The directory and the root key are made where they are missing.
 *
 * @throws VaultUnavailable, LogUnavailable or Error saying which store could not be opened and why
 */
export async function openCustody(
  configuration: Configuration,
  options: OpenOptions = {},
): Promise<Custody> {
  // What was opened is closed again, last first, also where the next could not be opened.
  await using opening = new AsyncDisposableStack()
  const custody = await open(configuration, options, opening)
  const opened = opening.move()
  return {
    ...custody,
    async close() {
      // Every deletion up to here was done on this very vault. Where a store is away it is not said, and the
      // next start compares more.
      await custody.log
        .head()
        .then((head) => custody.vault.markApplied(head))
        .catch(() => {})
      await opened.disposeAsync()
    },
  }
}

async function open(
  configuration: Configuration,
  { observe = (log) => log, trace = untraced }: OpenOptions,
  opening: AsyncDisposableStack,
): Promise<Omit<Custody, 'close'>> {
  const { ledger, viewsFile } = configuration
  const keys = loadKeys(configuration)
  const stores = await openStores(configuration, keys, opening)
  const vault = trace.vault(stores.vault)
  const log = trace.log(observe(stores.log))
  const { projector } = stores
  projector.onAdvance(trace.page)
  const views = trace.views(stores.views)
  const caughtUp = async () => views.waitFor(await log.head(), CATCH_UP_MS)
  await caughtUp()
  const register = createRegister(log, views)
  projector.onAdvance(({ kinds }) => {
    if (kinds.has('policy') || kinds.has('recipient')) register.forget()
  })
  const executor = trace.executor(createExecutor({ log, now, newId: newEventId }))
  const webhooks = createWebhooks(keys.rootKey, configuration)
  const notary = trace.notary(notaryOf(configuration, log))
  opening.defer(() => notary.close())
  const parts = { executor, log, vault, views, register }
  // Before anything is answered: a restored vault forgets again what was to be forgotten.
  const reconciled = await reconcileVault(
    {
      ...parts,
      reader: log,
      forgetExports: forgetExports(configuration),
      assertContinues: () => notary.check(),
      now,
    },
    { principal: Principal.parse('job:start'), correlation: newEventId() },
  )
  if (reconciled.reapplied > 0) await caughtUp()
  const services = wire({ ...parts, webhooks, configuration, trace })
  const disclosing = createDisclosing(parts)
  return {
    ...{ configuration, log, vault, views, executor, services, reconciled, notary },
    evidence: createEvidence({ notary, log, views, services, disclosing, now }),
    deliver: trace.deliver(webhooks.deliver),
    cursorKey: cursorKey(keys.rootKey, nameOf(ledger)),
    onTrouble: troublesOf(projector),
    now,
    caughtUp,
    backUpLedger: ledger.store === 'sqlite' ? (path) => backUpLedger(ledger.file, path) : null,
    copyViews: (path) => takeSnapshot(viewsFile, path),
    async rebuild(onProgress) {
      await projector.stop()
      return rebuild({ reader: log, path: viewsFile, onProgress })
    },
  }
}

/** The vault, the ledger and the views that follow it. */
async function openStores(
  configuration: Configuration,
  keys: ReturnType<typeof loadKeys>,
  opening: AsyncDisposableStack,
) {
  const { dataDirectory, ledger, viewsFile, country: defaultCountry } = configuration
  mkdirSync(dataDirectory, { recursive: true, mode: 0o700 })
  const vault = await openVault(configuration.vault, { ...keys, defaultCountry })
  opening.defer(() => vault.close())
  const log = await openLedger(ledger, {
    // Nothing can be trusted after a failed fsync: the process stops, and the next start reads the truth.
    onFatal: (cause) => {
      process.stderr.write(`custody stops: ${cause.message}\n`)
      process.exit(3)
    },
  })
  opening.defer(() => log.close())
  const projector = await startProjectorThread({ ledger, viewsPath: viewsFile })
  opening.defer(() => projector.stop())
  const views = openViews({ path: viewsFile, projector })
  opening.defer(async () => {
    // What is under way asks the views to the end: they go when nothing can be asked any more.
    await projector.stop()
    await log.close()
    views.close()
  })
  return { vault, log, projector, views }
}

function troublesOf(projector: ProjectorThread): Custody['onTrouble'] {
  return (callback) => {
    const stops = [
      projector.onTrouble((message) => callback({ of: 'views', message })),
      projector.onDropped((message) => callback({ of: 'subscription', message })),
    ]
    return () => stops.forEach((stop) => stop())
  }
}

function notaryOf(configuration: Configuration, log: EventLog): Notary {
  return createNotary({
    log,
    ledger: configuration.ledger,
    path: configuration.notaryFile,
    dataDirectory: configuration.dataDirectory,
    keyFile: configuration.notaryKeyFile,
    origin: configuration.origin,
    witnesses: configuration.witnesses.map(parseVerifierKey).filter((key) => key !== null),
    controller: configuration.controller,
    now,
    newId: newEventId,
  })
}

/** A rebuild of a large ledger at start may take this long, in milliseconds. */
const CATCH_UP_MS = 3_600_000

type Webhooks = ReturnType<typeof createWebhooks>

/** Where downstream systems may be told, under which secrets, and how. */
function createWebhooks(rootKey: KeyObject, { webhookAllow }: Configuration) {
  const secrets = createWebhookSecrets(rootKey)
  const targets = createTargets(webhookAllow)
  const send = createSender({ targets })
  const secretOf = (controller: ControllerId, to: Downstream, generation: number) =>
    secrets({ controller, downstream: downstreamKey(to), generation })
  const deliver: Deliver = ({ controller, downstream, generations, at, ...message }) =>
    send({
      ...message,
      timestamp: Math.floor(Date.parse(at) / 1_000),
      secrets: generations.map((generation) => secretOf(controller, downstream, generation)),
    })
  return {
    deliver,
    mayAsk: (url: EndpointUrl) => targets.mayAsk(targetOf(url)),
    secretOf: (...name: Parameters<typeof secretOf>) => spellSecret(secretOf(...name)),
  }
}

type Parts = {
  executor: Executor
  log: EventLog
  vault: Vault
  views: Views
  register: Register
  webhooks: Webhooks
  configuration: Configuration
  trace: Wrappers
}

/** What was exported of a person goes with what was exported. */
function forgetExports({ dataDirectory }: Configuration) {
  return (subject: SubjectId) => destroyDirectory(join(dataDirectory, 'exports', subject))
}

function wire(parts: Parts): Services {
  const { executor, log, vault, views, register, webhooks, trace } = parts
  const deletions = trace.deletions(
    createDeletions({
      ...{ executor, vault, views, register, now },
      forgetExports: forgetExports(parts.configuration),
    }),
  )
  const operations = createOperations(vault, views, log)
  const subjects = createSubjects({ executor, reader: log, vault, register })
  const transferUnderWay = (controller: ControllerId, transfer: string) =>
    executor.load(
      streamName('transfer', controller, transfer),
      transferDecider,
      ({ state }) => state.status === 'executed',
    )
  const recording = trace.recording(
    createRecording({
      ...{ executor, vault, register, operations, deletions, transferUnderWay, now },
    }),
  )
  return {
    recording,
    policies: createPolicies(executor, register),
    recipients: createRecipients(executor, register),
    holds: createHolds(executor),
    transfers: createTransfers({
      executor,
      log,
      views,
      register,
      now,
      takeManifest: (controller, position, { reference, scope }, asOf) =>
        takeManifest(views, controller, position, scope, asOf, reference).summary,
    }),
    requests: createRequests({
      executor,
      reader: log,
      vault,
      register,
      recording,
      subjects,
      deletions,
    }),
    subjects,
    deletions,
    consents: createConsents(executor, register),
    runs: createRuns(executor),
    access: createAccess(executor, () => performance.now()),
    endpoints: createEndpoints({
      executor,
      mayAsk: webhooks.mayAsk,
      secretOf: webhooks.secretOf,
    }),
    notifications: createNotifications(executor, views),
    backups: createBackups({ executor, vault, views, register, now }),
  }
}
