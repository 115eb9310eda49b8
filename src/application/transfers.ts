import { dayOf } from '../domain/policy/calendar.ts'
import type { TransferCommand } from '../domain/transfer/commands.ts'
import { transferDecider } from '../domain/transfer/decider.ts'
import type { ManifestSummary, TransferScope } from '../domain/transfer/events.ts'
import { streamName } from '../domain/envelope.ts'
import type { ControllerId, Day, Instant, Position, Reference } from '../domain/values.ts'
import type { Executor } from '../ledger/execute-types.ts'
import type { EventLog } from '../ledger/event-log.ts'
import type { Views } from '../projections/views.ts'
import type { Register } from './register.ts'
import type { Caller, TransferService } from './services.ts'
import { takeStep } from './steps.ts'

/** What would pass, at a position of the ledger: see the reports. */
export type TakeManifest = (
  controller: ControllerId,
  position: Position,
  transfer: { reference: Reference; scope: TransferScope },
  asOf: Day,
) => ManifestSummary

type Deps = Readonly<{
  executor: Executor
  log: EventLog
  views: Views
  register: Register
  takeManifest: TakeManifest
  now: () => Instant
}>

const VIEWS_WAIT_MS = 60_000

/** N6: the steps of a merger, acquisition or sale; the manifest is taken at one position of the ledger. */
export function createTransfers(deps: Deps): TransferService {
  const step = (caller: Caller, transfer: Reference, command: TransferCommand) =>
    takeStep(deps.executor, caller, {
      kind: 'transfer',
      id: transfer,
      decider: transferDecider,
      command: () => command,
      context: undefined,
    })

  async function manifestOf(caller: Caller, reference: Reference, scope: TransferScope) {
    const { controller } = caller
    const { timeZone } = await deps.register.ready(controller)
    const head = await deps.log.head()
    await deps.views.waitFor(head, VIEWS_WAIT_MS)
    return deps.takeManifest(controller, head, { reference, scope }, dayOf(deps.now(), timeZone))
  }

  const scopeOf = (caller: Caller, transfer: Reference) =>
    deps.executor.load(
      streamName('transfer', caller.controller, transfer),
      transferDecider,
      ({ state }) => (state.status === 'unknown' ? null : state.scope),
    )

  return {
    propose: (caller, { transfer, ...rest }) =>
      step(caller, transfer, { type: 'ProposeTransfer', ...rest }),
    async scope(caller, { transfer, scope }) {
      const manifest = await manifestOf(caller, transfer, scope)
      const outcome = await step(caller, transfer, { type: 'ScopeTransfer', scope, manifest })
      return { ...outcome, manifest: outcome.outcome === 'recorded' ? manifest : null }
    },
    postNotice: (caller, { transfer, ...rest }) =>
      step(caller, transfer, { type: 'PostTransferNotice', ...rest }),
    async execute(caller, { transfer, override }) {
      const scope = await scopeOf(caller, transfer)
      const manifest = scope && (await manifestOf(caller, transfer, scope))
      const outcome = await step(caller, transfer, { type: 'ExecuteTransfer', manifest, override })
      return { ...outcome, manifest: outcome.outcome === 'recorded' ? manifest : null }
    },
    abandon: (caller, { transfer, reason }) =>
      step(caller, transfer, { type: 'AbandonTransfer', reason }),
  }
}
