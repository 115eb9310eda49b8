import type { Role } from '../domain/access/events.ts'

/** What may be called, and by which roles. No role may do everything: whoever makes tokens records nothing. */
export const permissions = {
  'acts:record': ['source', 'officer'],
  'policies:write': ['officer', 'admin'],
  'policies:read': ['officer', 'auditor', 'retention', 'counsel', 'admin'],
  'recipients:write': ['officer', 'admin'],
  'recipients:read': ['officer', 'auditor', 'counsel', 'admin'],
  /** It answers the secrets that messages are signed with, as they begin. */
  'endpoints:write': ['officer', 'admin'],
  'endpoints:read': ['officer', 'auditor', 'counsel', 'admin'],
  'notifications:write': ['officer'],
  'notifications:read': ['officer', 'auditor', 'retention', 'counsel'],
  'holds:write': ['officer', 'counsel'],
  'holds:read': ['officer', 'auditor', 'retention', 'counsel'],
  'requests:write': ['officer'],
  'requests:read': ['officer', 'auditor', 'counsel'],
  'transfers:write': ['counsel'],
  'transfers:read': ['officer', 'auditor', 'counsel'],
  'tokens:write': ['admin'],
  'subjects:read': ['officer', 'auditor', 'counsel'],
  /** The only one that answers values in clear, in an export or opened for evidence. */
  'subjects:export': ['officer'],
  'inventory:read': ['officer', 'auditor', 'retention', 'counsel'],
  'retention:read': ['officer', 'auditor', 'retention', 'counsel'],
  'deletions:read': ['officer', 'auditor', 'retention', 'counsel'],
  'audit:read': ['officer', 'auditor', 'counsel', 'admin'],
  /** Checkpoints, proofs and tiles: names of streams and digests, no values. */
  'proofs:read': ['officer', 'auditor', 'counsel', 'admin'],
  'checkpoints:write': ['officer', 'auditor', 'admin'],
  'evidence:make': ['officer', 'auditor', 'counsel'],
  'metrics:read': ['officer', 'auditor', 'admin'],
  'status:read': ['source', 'officer', 'auditor', 'retention', 'counsel', 'admin'],
} as const satisfies Record<string, readonly Role[]>

export type Action = keyof typeof permissions

/** Whether the role may do it. */
export function mayDo(role: Role, action: Action): boolean {
  return (permissions[action] as readonly Role[]).includes(role)
}
