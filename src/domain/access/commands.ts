import type { Reference } from '../values.ts'
import type { Role } from './events.ts'

/** What can be asked of the stream of a controller's tokens. */
export type AccessCommand =
  /** `digest`: SHA-256 of the token, in hexadecimal. */
  | { type: 'IssueToken'; token: Reference; role: Role; label: string; digest: string }
  | { type: 'RevokeToken'; token: Reference; reason: string }
