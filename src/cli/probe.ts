/** What came of asking a store. `milliseconds` since the question was put. */
export type Probed<Answer> = Readonly<
  | { answers: true; milliseconds: number; answer: Answer }
  | { answers: false; milliseconds: number; why: string }
>

/**
 * Asks a store whether it is there, and waits no longer than the deadline. One question at a time: a store
 * that hangs still has the first one to answer when it is asked again.
 *
 * @param ask rejects where the store could not answer; why is not told, since it may name a host
 */
export function createProbe<Answer>(
  ask: () => Promise<Answer>,
  deadlineMs: number,
): () => Promise<Probed<Answer>> {
  let pending: { since: number; answer: Promise<Probed<Answer>> } | null = null

  function put() {
    const since = performance.now()
    const took = () => Math.round(performance.now() - since)
    const answer = Promise.resolve()
      .then(ask)
      .then(
        (said) => ({ answers: true as const, milliseconds: took(), answer: said }),
        () => ({ answers: false as const, milliseconds: took(), why: 'it could not answer' }),
      )
      .finally(() => (pending = null))
    return { since, answer }
  }

  return async () => {
    const { since, answer } = (pending ??= put())
    const late = Promise.withResolvers<Probed<Answer>>()
    const timer = setTimeout(() => {
      const milliseconds = Math.round(performance.now() - since)
      late.resolve({ answers: false, milliseconds, why: `no answer within ${deadlineMs} ms` })
    }, deadlineMs)
    try {
      return await Promise.race([answer, late.promise])
    } finally {
      clearTimeout(timer)
    }
  }
}
