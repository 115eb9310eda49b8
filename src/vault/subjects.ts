import type { SubjectId } from '../domain/values.ts'
import { bytes } from './slot-table.ts'
import type { IdentifierScheme } from './vault.ts'

export type SubjectState = 'open' | 'fenced' | 'destroyed'
export type Digested = Readonly<{ scheme: IdentifierScheme; digest: Buffer }>

/** A subject of one controller named to another: nothing of it may be answered or changed. */
export class SubjectOfAnother extends Error {
  override readonly name = 'SubjectOfAnother'
  constructor() {
    super('the subject belongs to another controller')
  }
}

/** 32 hexadecimal digits as 16 bytes. */
export function subjectBytes(subject: SubjectId): Buffer {
  return Buffer.from(subject, 'hex')
}

/** 16 bytes as 32 hexadecimal digits. */
export function subjectId(id: Uint8Array): SubjectId {
  return bytes(id).toString('hex') as SubjectId
}
