import {
  streamName,
  type Envelope,
  type LedgerEvent,
  type StreamKind,
} from '../../src/domain/envelope.ts'
import { ControllerId, type Position, type Revision } from '../../src/domain/values.ts'
import { encode, type EventFields } from '../../src/ledger/codec.ts'
import { eventTypes, type EventType } from '../../src/ledger/event-types.ts'
import type { LogRecord } from '../../src/ledger/event-log.ts'

/** One event of each type: what golden samples are made of. A type without one does not compile. */

const on = '2014-07-01'
const source = 'mail-provider'
const judgement = {
  outcome: 'permitted',
  authority: {
    policyVersion: '2014-06-30',
    rules: ['send-promotions'],
    obligations: ['S13', 'S20'],
    basis: 'consent',
    consent: { purpose: 'promotional-mail', revision: 3 },
  },
} as const
const refusals = [
  {
    code: 'consent_missing',
    obligation: 'S20',
    rule: 'send-promotions',
    explanation: 'No consent stands for promotional mail.',
  },
] as const
const violated = { outcome: 'violated', violations: [...refusals] } as const
const collect = {
  act: 'collect',
  property: 'www.symphonycommerce.com',
  categories: ['user.contact.email', 'user.name'],
  channel: 'web-form',
  kind: 'prospect',
  purposes: ['respond-to-inquiry', 'promotional-mail'],
  selfIdentified: true,
  voluntaryAct: 'Contact form',
} as const
const use = {
  act: 'use',
  property: 'www.symphonycommerce.com',
  categories: ['user.contact.email'],
  purpose: 'promotional-mail',
  optOutOffered: true,
} as const
const share = {
  act: 'share',
  property: 'www.symphonycommerce.com',
  categories: ['user.contact.email'],
  purpose: 'promotional-mail',
  recipient: 'mailworks',
  ground: 'legal-process',
  document: 'Order 14-2211',
  approver: 'Head of legal',
} as const
const items = [
  { category: 'user.contact.email', fields: ['address'], lot: 'prospect-data' },
  { category: 'user.name', fields: ['given', 'family'], lot: 'prospect-data' },
]
const lots = [{ lot: 'prospect-data', categories: ['user.contact.email', 'user.name'] }]

const deletion = '2026-retention-17'
const consent = {
  on,
  mode: 'observe',
  source,
  purpose: 'promotional-mail',
  channel: 'email',
}
const digest = '0123456789abcdef'.repeat(4)
const refused = { command: 'Step', refusals }
const manifest = {
  position: 4711,
  subjects: 1200,
  items: 5400,
  excluded: 31,
  notNotified: 4,
  digest,
}
const scope = {
  properties: ['www.symphonycommerce.com'],
  categories: ['user.contact.email'],
  kinds: ['prospect', 'account-holder'],
}

const notice = {
  cause: '019a5f00-0000-7000-8000-000000000009',
  subject: '0123456789abcdef0123456789abcdef',
  topic: 'person.erased',
  downstream: { kind: 'recipient', id: 'mailworks' },
}

const data: Readonly<Record<LedgerEvent['type'], unknown>> = {
  DataCollected: {
    on,
    mode: 'observe',
    source,
    act: collect,
    items,
    lots: [
      {
        lot: 'prospect-data',
        rule: 'prospects',
        trigger: 'last-activity',
        keep: 'P3Y',
        minimum: null,
      },
    ],
    transient: false,
    judgement,
  },
  DataUsed: {
    on,
    mode: 'enforce',
    source,
    act: use,
    spent: 'referral/019a5f00-0000-7000-8000-000000000009',
    judgement,
  },
  DataShared: {
    on,
    mode: 'observe',
    source,
    act: share,
    recipientClass: 'email-processor',
    judgement: violated,
  },
  ActRefused: { on, source, attempted: use, refusals },
  ConsentRequested: consent,
  ConsentGiven: { ...consent, evidence: 'Form 7, box 2', expires: '2016-07-01' },
  ConsentRefused: consent,
  ConsentWithdrawn: consent,
  ConsentExpired: { on, purpose: 'promotional-mail' },
  ObjectionMade: consent,
  ObjectionLifted: consent,
  DataCorrected: { on, source, items, request: 'request-12' },
  AccountOpened: { on, mode: 'observe', source },
  AccountClosed: { on, mode: 'enforce', source, reason: 'Closed by the customer' },
  SubjectNotified: { on, about: 'transfer', reference: 'merger-2016', channel: 'email' },
  DataAccessed: {
    on,
    reason: 'subject-export',
    categories: ['user.contact.email', 'user.name'],
    request: null,
  },
  DeletionRequested: {
    on,
    deletion,
    cause: 'retention',
    everything: false,
    lots,
    request: null,
  },
  DeletionDeferred: { on, deletion, lots, holds: ['matter-3'], until: null },
  DeletionResumed: { on, deletion, lots },
  DataDeleted: { on, deletion, cause: 'retention', lots },
  SubjectErased: { on, deletion },
  PolicyPublished: {
    version: '2014-06-30',
    effective: '2014-07-30',
    document: 'property: www.symphonycommerce.com\nstates: "Größe – 日本語 🦉"\n',
    digest,
    notice: { channels: ['email', 'web-site'], before: 'P30D', obligation: 'S43' },
  },
  PolicyNoticeGiven: { version: '2014-06-30', channel: 'email', on, evidence: 'Mailing 41' },
  PolicyTookEffect: { version: '2014-06-30', from: '2014-07-30' },
  PolicyRetired: { version: '2014-06-30', from: '2016-01-01', reason: 'Replaced' },
  PolicyStepRefused: { version: '2014-06-30', ...refused },
  RecipientRegistered: {
    name: 'Mailworks Ltd',
    recipientClass: 'email-processor',
    country: 'IE',
  },
  ContractSigned: {
    reference: 'dpa-2014-07',
    from: '2014-07-01',
    until: null,
    purposes: ['promotional-mail'],
    categories: ['user.contact.email'],
  },
  ContractEnded: { reference: 'dpa-2014-07', until: '2016-01-01' },
  RecipientSuspended: { reason: 'Audit finding 12' },
  RecipientReinstated: { reason: 'Finding closed' },
  RecipientStepRefused: refused,
  HoldPlaced: {
    title: 'Doe v. Symphony',
    ground: 'legal-claim',
    scope: { subjects: ['0123456789abcdef0123456789abcdef'], kinds: ['account-holder'] },
    document: 'Letter of 1 July 2014',
  },
  HoldReleased: { reason: 'Settled' },
  HoldStepRefused: refused,
  TransferProposed: {
    title: 'Sale of the store business',
    transaction: 'sale-of-assets',
    acquirer: 'acme-holdings',
    scope,
  },
  TransferScoped: { scope: { everything: true }, manifest },
  TransferNoticePosted: {
    channel: 'web-site',
    property: 'www.symphonycommerce.com',
    evidence: 'Banner from 1 July 2014',
  },
  TransferExecuted: {
    manifest,
    override: { reason: 'Four mails bounced', approver: 'General counsel' },
  },
  TransferAbandoned: { reason: 'No agreement' },
  TransferStepRefused: refused,
  RequestReceived: {
    kind: 'objection',
    subject: '0123456789abcdef0123456789abcdef',
    channel: 'email',
    on,
    deadline: '2014-08-01',
    purpose: 'promotional-mail',
  },
  RequestVerified: { method: 'Mail to the address held', handler: 'Privacy desk' },
  RequestFulfilled: { outcome: 'Erased', handler: 'Privacy desk', deletion, digest },
  RequestDenied: { reason: 'Not the person', handler: 'Privacy desk', channel: 'email' },
  RequestStepRefused: refused,
  LogCollected: { on, mode: 'observe', source: 'web-server', judgement, act: collect, records: 12 },
  AggregateUsed: { on, mode: 'enforce', source: 'statistics', judgement, act: use },
  AggregateShared: {
    on,
    mode: 'observe',
    source: 'statistics',
    judgement: violated,
    act: share,
    recipientClass: null,
  },
  ActivityRefused: {
    on,
    source,
    attempted: { act: 'command', command: 'RequestDeletion' },
    refusals,
  },
  JobRan: {
    job: 'retention',
    run: '2026-01-01',
    asOf: '2026-01-01',
    outcome: { deleted: 12, deferred: 3 },
    note: null,
  },
  TokenIssued: { token: 'crm-1', role: 'source', label: 'The CRM', digest },
  TokenRevoked: { token: 'crm-1', reason: 'Rotated' },
  AccessStepRefused: refused,
  CheckpointSigned: {
    size: 4711,
    root: 'Ojo9Jjc0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg=',
    streams: { count: 612, root: 'AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=' },
    note: 'custody.local/symphony-commerce\n4711\nOjo9Jjc0MzIxMDk4NzY1NDMyMTA5ODc2NTQzMjEwOTg=\n\n— custody.local/symphony-commerce AAAAAA==\n',
  },
  CheckpointCosigned: { size: 4711, lines: ['— witness.example.org AAAAAA=='] },
  EndpointRegistered: {
    url: 'https://hooks.mailworks.example/custody',
    topics: ['consent.withdrawn', 'person.erased'],
    generation: 1,
  },
  EndpointSecretRotated: { generation: 2 },
  EndpointRemoved: { reason: 'Moved' },
  SourceStepRefused: refused,
  NotificationConfirmed: { notice, attempt: 2, status: 204 },
  NotificationFailed: {
    notice,
    attempt: 1,
    code: 'rejected',
    status: 503,
    next: '2014-07-01T17:30:05.500Z',
  },
  NotificationAbandoned: { notice, attempts: 10, code: 'timed_out', status: null },
  NotificationRetried: { notice, reason: 'Their certificate was renewed' },
  NotificationStepRefused: refused,
  ObjectionCarriedOver: { on, purpose: 'promotional-mail' },
  DeletionReapplied: { on, deletion, lots },
  ResidueEnded: { on, deletion },
  VaultBackupTaken: { on, backup: '2014-07-01-nightly', epoch: 3, expires: '2014-07-31' },
  VaultBackupExpired: { on: '2014-07-31', backup: '2014-07-01-nightly' },
  EpochBegun: { on, epoch: 4 },
  EpochDestroyed: { on: '2014-07-31', epoch: 3 },
  RestoredVaultReconciled: { on, checked: 12, reapplied: 5 },
  BackupStepRefused: refused,
}

const controller = ControllerId.parse('symphony-commerce')

const streamIds: Readonly<Record<StreamKind, string>> = {
  subject: '0123456789abcdef0123456789abcdef',
  policy: 'privacy-policy',
  recipient: 'mailworks',
  hold: 'matter-3',
  transfer: 'merger-2016',
  request: 'request-12',
  activity: 'web-server.2014-07',
  run: 'retention-2026-01-01',
  access: 'tokens',
  checkpoint: 'log',
  source: 'web-shop',
  notification: 'msg-0123456789abcdef0123456789abcdef',
  backup: 'vault',
}

/** The newest version of every event type, by its name. */
export const sampleTypes = Object.keys(data) as LedgerEvent['type'][]

/** An event of a type with all that an envelope can say, as it would be recorded. */
export function sampleFields(type: LedgerEvent['type']): EventFields {
  const number = String(sampleTypes.indexOf(type)).padStart(12, '0')
  const { kinds, versions } = shapeOf(type)
  // Plain data here; encoding parses every word of it.
  return {
    id: `019a5f00-0000-7000-8000-${number}`,
    type,
    version: versions.length,
    controller,
    occurredAt: '2014-07-01T17:30:00.250Z',
    recordedAt: '2026-01-02T03:04:05.678Z',
    principal: 'import:mail-provider',
    correlation: '019a5f00-0000-7000-8000-0000000000aa',
    causation: '019a5f00-0000-7000-8000-0000000000bb',
    policyVersion: kinds.includes('subject') ? '2014-06-30' : null,
    operation: { key: 'Zm9vYmFyYmF6cXV4MDEyMw', body: 'cXV4YmF6YmFyZm9vMzIxMA' },
    data: data[type],
    sealed:
      type === 'DataCollected' || type === 'DataCorrected'
        ? [
            {
              category: 'user.contact.email',
              lot: 'prospect-data',
              key: 'k7Hq2',
              box: Buffer.alloc(96, type).toString('base64'),
            },
          ]
        : [],
  } as unknown as EventFields
}

/** A sample as a record of the log. */
export function sampleRecord(type: LedgerEvent['type']): LogRecord {
  const fields = sampleFields(type)
  const kind = shapeOf(type).kinds[0] as StreamKind
  return {
    id: fields.id,
    type,
    body: encode(fields),
    stream: streamName(kind, controller, streamIds[kind]),
    revision: sampleTypes.indexOf(type) as Revision,
    position: (1000 + 7 * sampleTypes.indexOf(type)) as Position,
  }
}

function shapeOf(type: LedgerEvent['type']): EventType {
  const shape = eventTypes.get(type)
  if (!shape) throw new Error(`there is no event type ${type}`)
  return shape
}

/** What decoding a sample's record must give. */
export function sampleEnvelope(type: LedgerEvent['type']): Envelope {
  const { stream, revision, position } = sampleRecord(type)
  return { ...sampleFields(type), stream, revision, position } as Envelope
}
