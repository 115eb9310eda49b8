import type { RecipientRow } from './views.ts'
import type { RecipientId } from '../domain/values.ts'
import { assertNever } from '../domain/values.ts'
import { versionsProjection, versionsReads, type Versions } from './versions.ts'

const followed = [
  'RecipientRegistered',
  'ContractSigned',
  'ContractEnded',
  'RecipientSuspended',
  'RecipientReinstated',
] as const

/** The row, and beside it the references of the contracts that were signed and not ended. */
export type RecipientVersion = RecipientRow & { open: readonly string[] }

/** Recipients and how many contracts of theirs are signed and not ended (S12, S48). */
const versions: Versions<RecipientVersion, (typeof followed)[number]> = {
  table: 'recipient',
  follows: followed,
  keyOf: ({ stream }) => stream.id,
  evolve(row, { event, stream }) {
    switch (event.type) {
      case 'RecipientRegistered': {
        const { name, recipientClass, country } = event.data
        const recipient = stream.id as RecipientId
        const none = { suspended: false, contracts: 0, open: [] }
        return { recipient, name, recipientClass, country, ...none }
      }
      case 'ContractSigned':
        return row && withContracts(row, [...row.open, event.data.reference])
      case 'ContractEnded':
        return (
          row &&
          withContracts(
            row,
            row.open.filter((it) => it !== event.data.reference),
          )
        )
      case 'RecipientSuspended':
        return row && { ...row, suspended: true }
      case 'RecipientReinstated':
        return row && { ...row, suspended: false }
      default:
        return assertNever(event)
    }
  },
}

function withContracts(row: RecipientVersion, open: readonly string[]): RecipientVersion {
  const distinct = [...new Set(open)]
  return { ...row, open: distinct, contracts: distinct.length }
}

export const recipients = versionsProjection(versions)

export const recipientReads = versionsReads(versions.table)
