import { z } from 'zod'
import { EnvelopeFields, streamParts, type Envelope } from '../domain/envelope.ts'
import { createDataCheck, type CheckedData } from './data-check.ts'
import type { LogRecord } from './event-log.ts'
import { eventTypes, type EventTypes, type EventVersion } from './event-types.ts'

/** An event and all that is said of it, before it has a place in a stream. */
export type EventFields = Omit<Envelope, 'stream' | 'revision' | 'position'>

export type Codec = Readonly<{
  /**
   * The body of a record: JSON without what the record itself says (id, type, and the controller in the
   * stream's name) and without what is the rule (version 1, nothing sealed, recorded as it happened).
   * The order of the keys is the schema's, so equal events have equal bytes.
   *
   * @throws UnreadableEvent when decoding would refuse it: such an event must never be stored
   */
  encode: (fields: EventFields) => string
  /**
   * The event of a record, in the newest version of its type.
   *
   * @throws UnreadableEvent naming position, stream and type
   */
  decode: (record: LogRecord) => Envelope
}>

/** A record that this build cannot read, or an event that it must not write. */
export class UnreadableEvent extends Error {
  override readonly name = 'UnreadableEvent'
}

const { shape: field } = EnvelopeFields

/** A codec of these event types. `encode` and `decode` below are those of the ledger. */
export function createCodec(types: EventTypes): Codec {
  const shapes = new Map(
    [...types].map(([type, { kinds, versions }]) => [
      type,
      { kinds, versions, bodies: versions.map((version, index) => bodyOf(version, index + 1)) },
    ]),
  )

  return {
    encode(fields) {
      const bodies = shapes.get(fields.type)?.bodies
      const body = bodies?.[fields.version - 1]
      if (!body || fields.version !== bodies.length) {
        throw new UnreadableEvent(
          `couldn't write ${fields.type} ${fields.id}: version ${fields.version} is not the newest`,
        )
      }
      const envelope = body.envelope.safeParse(compact(fields))
      const data = body.data.check(fields.data)
      if (envelope.success && data.valid) return join(envelope.data, data.text)
      throw new UnreadableEvent(
        `couldn't write ${fields.type} ${fields.id}: ${problems(envelope, data)}`,
      )
    },

    decode(record) {
      const shape = shapes.get(record.type)
      if (!shape) throw unreadable(record, 'the type is not known')
      const { kind, controller } = streamParts(record.stream)
      if (!shape.kinds.includes(kind))
        throw unreadable(record, `the type has no place in a ${kind}`)
      const json = parseJson(record)
      const version = versionOf(json)
      const body = shape.bodies[version - 1]
      if (!body) throw unreadable(record, `version ${version} is not known`)
      const envelope = body.envelope.safeParse(json)
      if (!envelope.success) throw unreadable(record, problems(envelope, null))
      const stored = envelope.data
      const checked = body.data.check(stored.data)
      if (!checked.valid) throw unreadable(record, problems(envelope, checked))
      const data =
        version === shape.versions.length
          ? checked.value
          : upcast(record, shape.versions, version, checked.value)
      // The schema of the type and version has just said that data has this shape.
      return {
        id: record.id,
        type: record.type,
        version: shape.versions.length,
        controller,
        occurredAt: stored.occurredAt ?? stored.recordedAt,
        recordedAt: stored.recordedAt,
        principal: stored.principal,
        correlation: stored.correlation,
        causation: stored.causation ?? null,
        policyVersion: stored.policyVersion ?? null,
        operation: stored.operation ?? null,
        data,
        sealed: stored.sealed ?? [],
        stream: record.stream,
        revision: record.revision,
        position: record.position,
      } as Envelope
    },
  }
}

/** The stored form of one version of one type: what stands around the data, and the data. */
function bodyOf({ data }: EventVersion, version: number) {
  const envelope = z.strictObject({
    version: version === 1 ? z.literal(1).optional() : z.literal(version),
    recordedAt: field.recordedAt,
    occurredAt: field.occurredAt.optional(),
    principal: field.principal,
    correlation: field.correlation,
    causation: field.causation.unwrap().optional(),
    policyVersion: field.policyVersion.unwrap().optional(),
    operation: field.operation.unwrap().optional(),
    data: z.unknown().optional(),
    sealed: field.sealed.min(1).optional(),
  })
  return { envelope, data: createDataCheck(data) }
}

/** JSON of the parts in the order of the schema. */
function join({ data: _, sealed, ...head }: Record<string, unknown>, data: string): string {
  const end = sealed === undefined ? '}' : `,"sealed":${JSON.stringify(sealed)}}`
  return `${JSON.stringify(head).slice(0, -1)},"data":${data}${end}`
}

/** Leaves out what decoding puts back. */
function compact(fields: EventFields): Record<string, unknown> {
  const body: Record<string, unknown> = {
    recordedAt: fields.recordedAt,
    principal: fields.principal,
    correlation: fields.correlation,
  }
  if ((fields.version as number) !== 1) body['version'] = fields.version
  if (fields.occurredAt !== fields.recordedAt) body['occurredAt'] = fields.occurredAt
  if (fields.causation !== null) body['causation'] = fields.causation
  if (fields.policyVersion !== null) body['policyVersion'] = fields.policyVersion
  if (fields.operation !== null) body['operation'] = fields.operation
  if (fields.sealed.length > 0) body['sealed'] = fields.sealed
  return body
}

function parseJson(record: LogRecord): unknown {
  try {
    return JSON.parse(record.body)
  } catch (cause) {
    throw unreadable(record, 'the body is no JSON', cause)
  }
}

function versionOf(json: unknown): number {
  if (typeof json !== 'object' || json === null || !('version' in json)) return 1
  return typeof json.version === 'number' ? json.version : NaN
}

function upcast(
  record: LogRecord,
  versions: readonly EventVersion[],
  from: number,
  stored: unknown,
): unknown {
  let data = stored
  for (let version = from; version < versions.length; version += 1) {
    const older = versions[version - 1]
    const newer = versions[version]
    if (!older || !newer || !('upcast' in older)) {
      throw unreadable(record, `version ${version} has no upcast`)
    }
    const parsed = newer.data.safeParse(older.upcast(data as never))
    if (!parsed.success) {
      const wrong = problems({}, { valid: false, error: parsed.error })
      throw unreadable(record, `the upcast of version ${version} gave ${wrong}`)
    }
    data = parsed.data
  }
  return data
}

/** Paths and rules, never a value. */
function problems(envelope: { error?: z.ZodError | undefined }, data: CheckedData | null): string {
  const inData = data && !data.valid ? data.error.issues : []
  return [
    ...(envelope.error?.issues ?? []),
    ...inData.map(({ path, message }) => ({ path: ['data', ...path], message })),
  ]
    .map(({ path, message }) => `${path.join('.')}: ${message}`)
    .join('; ')
}

function unreadable(record: LogRecord, why: string, cause?: unknown): UnreadableEvent {
  const { position, stream, revision, type } = record
  return new UnreadableEvent(
    `couldn't read ${type} at position ${position}, revision ${revision} of ${stream}: ${why}`,
    { cause },
  )
}

export const { encode, decode } = createCodec(eventTypes)
