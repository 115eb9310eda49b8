/**
 * Does something for every item, at most `limit` at a time, in the order of the items. The items are
 * taken only as they are needed. After `signal` aborts nothing new is begun, and what was begun is
 * finished. The first error ends it once the others under way have settled.
 */
export async function atOnce<Item>(
  items: Iterable<Item>,
  limit: number,
  task: (item: Item) => Promise<void>,
  signal: AbortSignal | null = null,
): Promise<void> {
  const waiting = Iterator.from(items)
  let failed = false
  const worker = async () => {
    while (!failed && signal?.aborted !== true) {
      const next = waiting.next()
      if (next.done) return
      try {
        await task(next.value)
      } catch (error) {
        failed = true
        throw error
      }
    }
  }
  const settled = await Promise.allSettled(Array.from({ length: limit }, worker))
  for (const result of settled) if (result.status === 'rejected') throw result.reason
}
