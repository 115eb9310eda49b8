import type { HoldRow } from './views.ts'
import type { Reference } from '../domain/values.ts'
import { assertNever } from '../domain/values.ts'
import { versionsProjection, versionsReads, type Versions } from './versions.ts'

/** Legal holds by matter, in force and released (S36). */
const versions: Versions<HoldRow, 'HoldPlaced' | 'HoldReleased'> = {
  table: 'hold',
  follows: ['HoldPlaced', 'HoldReleased'],
  keyOf: ({ stream }) => stream.id,
  evolve(row, { event, stream }) {
    switch (event.type) {
      case 'HoldPlaced': {
        const { title, ground, scope, document } = event.data
        return {
          matter: stream.id as Reference,
          title,
          ground,
          scope,
          document,
          began: event.position,
          beganAt: event.occurredAt,
          ended: null,
          endedAt: null,
        }
      }
      case 'HoldReleased':
        return row && { ...row, ended: event.position, endedAt: event.occurredAt }
      default:
        return assertNever(event)
    }
  },
}

export const holds = versionsProjection(versions)

export const holdReads = versionsReads(versions.table)
