import type { ControllerKeys } from '../controller-keys.ts'

/** At most so many calls go together: a transaction holds its locks for some tens of milliseconds. */
const mostCalls = 200
/** So many go at once: one that waits for a lock does not hold up all others. */
const mostRuns = 3

type Waiting<Item, Answer> = Readonly<{
  items: readonly Item[]
  resolve: (answers: readonly Answer[]) => void
  reject: (error: unknown) => void
}>

/** Answers many items of one controller in order, all or nothing. */
type Run<Item, Answer> = (
  keys: ControllerKeys,
  items: readonly Item[],
) => Promise<readonly Answer[]>

/**
 * Lets calls that come while others are under way go together in the next one: one transaction for many, as
 * the commits of a busy node would wait for each other anyway. Where one of them is refused, each of them
 * goes alone, so that a refusal is nobody else's.
 *
 * @param isRefusal whether an error is the answer to one of the calls, and no fault of the store
 */
export function createGathering<Item, Answer>(
  run: Run<Item, Answer>,
  isRefusal: (error: unknown) => boolean,
): Run<Item, Answer> {
  const queues = new Map<number, ReturnType<typeof createQueue<Item, Answer>>>()
  return (keys, items) => {
    let queue = queues.get(keys.number)
    if (!queue) {
      queue = createQueue((all) => run(keys, all), isRefusal)
      queues.set(keys.number, queue)
    }
    return queue(items)
  }
}

function createQueue<Item, Answer>(
  run: (items: readonly Item[]) => Promise<readonly Answer[]>,
  isRefusal: (error: unknown) => boolean,
) {
  let queue: Waiting<Item, Answer>[] = []
  let runs = 0

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const calls = queue.slice(0, mostCalls)
      queue = queue.slice(mostCalls)
      await together(calls)
    }
    runs -= 1
  }
  const together = async (calls: readonly Waiting<Item, Answer>[]): Promise<void> => {
    try {
      const answers = await run(calls.flatMap(({ items }) => items))
      let start = 0
      for (const { items, resolve } of calls) {
        resolve(answers.slice(start, start + items.length))
        start += items.length
      }
    } catch (error) {
      if (calls.length > 1 && isRefusal(error)) for (const call of calls) await together([call])
      else for (const { reject } of calls) reject(error)
    }
  }
  return (items: readonly Item[]): Promise<readonly Answer[]> =>
    new Promise((resolve, reject) => {
      queue.push({ items, resolve, reject })
      if (runs === mostRuns) return
      runs += 1
      // Calls of one turn go together.
      setImmediate(() => void drain())
    })
}
