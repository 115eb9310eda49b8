import { audit } from './audit.ts'
import { deletions } from './deletions.ts'
import { disclosures } from './disclosures.ts'
import { endpoints } from './endpoints.ts'
import { holds } from './holds.ts'
import { inventory } from './inventory.ts'
import { notices } from './notices.ts'
import { notifications } from './notifications.ts'
import { operations } from './operations.ts'
import { policies } from './policies.ts'
import type { AnyProjection } from './projection.ts'
import { promotionalUses } from './promotional-uses.ts'
import { recipients } from './recipients.ts'
import { requests } from './requests.ts'
import { residues } from './residues.ts'
import { retention } from './retention.ts'
import { standings } from './standings.ts'
import { transfers } from './transfers.ts'
import { vaultBackups } from './vault-backups.ts'

/** Every read model, in the order in which an event is folded into them. */
export const projections: readonly AnyProjection[] = [
  audit,
  operations,
  inventory,
  retention,
  deletions,
  standings,
  disclosures,
  promotionalUses,
  notices,
  requests,
  holds,
  transfers,
  policies,
  recipients,
  endpoints,
  notifications,
  vaultBackups,
  residues,
]
