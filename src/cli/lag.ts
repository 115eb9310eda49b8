import type { Position } from '../domain/values.ts'
import type { Custody } from '../main.ts'

/** How many events the views lack, counted up to a bound, and how old the first of them is. */
export type Lag = Readonly<{ events: number; seconds: number }>

const page = 500

/**
 * Measures how far the views are behind. Each event that they lack is read once, however often it is asked:
 * where nothing is lacking the ledger is asked for nothing.
 *
 * @param most events are counted
 */
export function createLag(
  { log, views, now }: Pick<Custody, 'log' | 'views' | 'now'>,
  most: number,
): (head: Position) => Promise<Lag> {
  /** What the views lacked when it was last looked, ascending. */
  let ahead: Position[] = []
  let stood = views.position()
  let busy: Promise<unknown> = Promise.resolve()

  const forget = (): Position => {
    const position = views.position()
    // Views that were made anew lack what was not counted.
    ahead = position < stood ? [] : ahead.filter((one) => one > position)
    stood = position
    return position
  }

  async function measure(head: Position): Promise<Lag> {
    let last = forget()
    if (last >= head) return { events: 0, seconds: 0 }
    last = ahead.at(-1) ?? last
    while (ahead.length < most && last < head) {
      const wanted = Math.min(page, most - ahead.length)
      const records = await log.readAll(last, wanted)
      ahead.push(...records.map(({ position }) => position))
      last = ahead.at(-1) ?? last
      if (records.length < wanted) break
    }
    forget()
    const [first] = ahead
    if (first === undefined) return { events: 0, seconds: 0 }
    const events = ahead.length
    const [record] = await log.readAt([first])
    const { recordedAt } = JSON.parse(record!.body) as { recordedAt: string }
    return { events, seconds: Math.max(0, (Date.parse(now()) - Date.parse(recordedAt)) / 1_000) }
  }

  return (head) => {
    const measured = busy.then(() => measure(head))
    busy = measured.catch(() => {})
    return measured
  }
}
