import type { Position } from '../domain/values.ts'
import { ViewsBehind } from './views.ts'

/** The error for a position that was not reached in time, and what kept the projector, if anything did. */
export function behind(
  reached: Position,
  wanted: Position,
  milliseconds: number,
  trouble: string | null,
): ViewsBehind {
  const why = trouble === null ? '' : `: ${trouble}`
  return new ViewsBehind(
    `the views are at ${reached} and did not reach ${wanted} in ${milliseconds} ms${why}`,
  )
}
