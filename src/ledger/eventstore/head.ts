import { START, type Position } from '../../domain/values.ts'
import type { LogRecord } from '../event-log.ts'
import type { Driver } from './driver.ts'
import type { WireEvent } from './wire-event.ts'

const firstPage = 16
const largestPage = 1_000

/**
 * Finds the last record of ours: reads everything backwards until there is one. What was looked through
 * once is remembered, so that the server's own events are read once and not each time.
 */
export class Head {
  readonly #driver: Pick<Driver, 'read'>
  readonly #recordOf: (event: WireEvent) => LogRecord | null
  #known: Position = START
  /** Up to here nothing of ours comes after `#known`. */
  #looked = 0n

  constructor(driver: Pick<Driver, 'read'>, recordOf: (event: WireEvent) => LogRecord | null) {
    this.#driver = driver
    this.#recordOf = recordOf
  }

  /**
   * The position of the last record; `START` when there is none.
   * @throws whatever the driver says
   */
  async find(): Promise<Position> {
    const [looked, known] = [this.#looked, this.#known]
    let from: 'end' | { commit: bigint; prepare: bigint } = 'end'
    let newest = 0n
    for (let count = firstPage; ; count = Math.min(largestPage, count * 4)) {
      const page = await this.#driver.read({ stream: null, direction: 'backwards', from, count })
      for (const event of page) {
        const { commit } = event.place ?? { commit: 0n }
        if (newest === 0n) newest = commit
        if (commit <= looked) return this.#remember(newest, known)
        const record = this.#recordOf(event)
        if (record) return this.#remember(newest, record.position)
      }
      const last = page.at(-1)?.place
      if (page.length < count || !last) return this.#remember(newest, known)
      from = last
    }
  }

  #remember(looked: bigint, known: Position): Position {
    // Several may look at a time: the one that saw most counts.
    if (looked > this.#looked) this.#looked = looked
    if (known > this.#known) this.#known = known
    return known
  }
}
