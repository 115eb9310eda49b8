/** One call: when it was made, and what it answered when; on a logical clock, not in milliseconds. */
export type Operation<Input, Output> = Readonly<{
  input: Input
  call: number
  /** Null: nobody knows. It may have taken effect at any time after its call, or never. */
  answer: Readonly<{ output: Output; at: number }> | null
}>

/** What the operations would do if they came one after the other. */
export type Model<State, Input, Output> = Readonly<{
  initial: State
  /**
   * The states that may follow where the input is answered so; none where that can't be the answer.
   * `output` null: the states that may follow whatever is answered.
   */
  apply: (state: State, input: Input, output: Output | null) => readonly State[]
  /** The same for the same state, and for no other. */
  stateKey: (state: State) => string
  /** The same for inputs that do the same. */
  inputKey: (input: Input) => string
}>

/**
 * `order`: one order of the operations that explains every answer. `longest`: the most that could be
 * explained from the start; `blocked` had been answered by then, and fits nowhere behind it.
 */
export type Verdict<Operation> = Readonly<
  | { linearizable: true; order: readonly Operation[] }
  | { linearizable: false; longest: readonly Operation[]; blocked: Operation }
>

/**
 * Whether each operation can be given a moment between its call and its answer at which it took effect
 * whole, so that the model explains all answers. After Wing and Gong, "Testing and Verifying Concurrent
 * Objects" (1993), with the memory of Lowe, "Testing for Linearizability" (2017): which operations were
 * taken, and the state that they led to, is looked at once.
 *
 * Of operations whose outcome is unknown and that do the same, the one called first is taken first: it
 * may stand wherever a later one may. One that would change nothing is left out, as if it never was.
 */
export function linearize<State, Input, Output, Op extends Operation<Input, Output>>(
  history: readonly Op[],
  model: Model<State, Input, Output>,
): Verdict<Op> {
  const search = new Search(history, model)
  const head = timelineOf(history)
  const order = () => search.taken.map(({ call }) => history[call.index]!)
  let longest: ReturnType<typeof order> = []
  let blocked: Op | null = null
  let [at, tried] = [head.next, 0]
  while (search.open > 0) {
    // An answer stands in the timeline for each that is open, so that its end is never reached.
    const entry = at!
    if (entry.answer === 'is one') {
      if (blocked === null || search.taken.length > longest.length) {
        longest = order()
        blocked = history[entry.index]!
      }
      const last = search.giveBack()
      if (last === null) return { linearizable: false, longest, blocked }
      ;[at, tried] = [last.call, last.tried]
    } else if (search.take(entry, tried)) {
      ;[at, tried] = [head.next, 0]
    } else {
      ;[at, tried] = [entry.next, 0]
    }
  }
  return { linearizable: true, order: order() }
}

/** A call or an answer in the order of time; a call knows its answer, if there is one. */
type Entry = {
  readonly index: number
  answer: Entry | 'is one' | null
  previous: Entry | null
  next: Entry | null
}

/** The calls and answers, linked in the order of time. At the same time calls come first. */
function timelineOf(history: readonly Operation<unknown, unknown>[]): Entry {
  const moments: { time: number; entry: Entry }[] = []
  for (const [index, { call, answer }] of history.entries()) {
    const entry: Entry = { index, answer: null, previous: null, next: null }
    moments.push({ time: call, entry })
    if (!answer) continue
    if (answer.at < call) throw new RangeError(`operation ${index} is answered before it is called`)
    entry.answer = { index, answer: 'is one', previous: null, next: null }
    moments.push({ time: answer.at, entry: entry.answer })
  }
  const isAnswer = ({ answer }: Entry) => Number(answer === 'is one')
  moments.sort((a, b) => a.time - b.time || isAnswer(a.entry) - isAnswer(b.entry))
  const head: Entry = { index: -1, answer: null, previous: null, next: null }
  let last = head
  for (const { entry } of moments) {
    last.next = entry
    entry.previous = last
    last = entry
  }
  return head
}

function unlink({ previous, next }: Entry): void {
  previous!.next = next
  if (next) next.previous = previous
}

function linkAgain(entry: Entry): void {
  entry.previous!.next = entry
  if (entry.next) entry.next.previous = entry
}

/** An operation that was taken as the next one; `tried`: of the states that it may lead to, so many. */
type Taken<State> = Readonly<{ call: Entry; tried: number; before: State }>

/** What was taken so far, in which order, and which state that led to. */
class Search<State, Input, Output> {
  readonly taken: Taken<State>[] = []
  /** How many that were answered are not taken yet. */
  open: number
  readonly #history: readonly Operation<Input, Output>[]
  readonly #model: Model<State, Input, Output>
  /** For each of unknown outcome, the one before it that does the same. */
  readonly #twins: ReadonlyMap<number, number>
  readonly #seen = new Set<string>()
  #state: State
  /** A bit for each that is taken. */
  #set = 0n

  constructor(history: readonly Operation<Input, Output>[], model: Model<State, Input, Output>) {
    this.#history = history
    this.#model = model
    this.#state = model.initial
    this.#twins = twinsOf(history, model)
    this.open = history.filter(({ answer }) => answer !== null).length
  }

  /** Takes the operation of this call as the next one, with the first state that was not tried; else false. */
  take(call: Entry, tried: number): boolean {
    const { index } = call
    const twin = this.#twins.get(index)
    if (twin !== undefined && (this.#set & (1n << BigInt(twin))) === 0n) return false
    const { input, answer } = this.#history[index]!
    const states = this.#model.apply(this.#state, input, answer && answer.output)
    const set = this.#set | (1n << BigInt(index))
    for (let at = tried; at < states.length; at += 1) {
      const state = states[at]!
      const key = this.#model.stateKey(state)
      if (!answer && key === this.#model.stateKey(this.#state)) continue
      const place = `${set.toString(36)} ${key}`
      if (this.#seen.has(place)) continue
      this.#seen.add(place)
      this.taken.push({ call, tried: at + 1, before: this.#state })
      this.#state = state
      this.#set = set
      if (answer) this.open -= 1
      unlink(call)
      if (call.answer && call.answer !== 'is one') unlink(call.answer)
      return true
    }
    return false
  }

  /** Gives back what was taken last; null where nothing is. */
  giveBack(): Taken<State> | null {
    const last = this.taken.pop()
    if (!last) return null
    const { call, before } = last
    if (call.answer && call.answer !== 'is one') {
      linkAgain(call.answer)
      this.open += 1
    }
    linkAgain(call)
    this.#state = before
    this.#set &= ~(1n << BigInt(call.index))
    return last
  }
}

function twinsOf<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
): ReadonlyMap<number, number> {
  const twins = new Map<number, number>()
  const last = new Map<string, number>()
  const unknown = [...history.entries()].filter(([, { answer }]) => answer === null)
  for (const [index, { input }] of unknown.sort(([, a], [, b]) => a.call - b.call)) {
    const key = model.inputKey(input)
    const twin = last.get(key)
    if (twin !== undefined) twins.set(index, twin)
    last.set(key, index)
  }
  return twins
}
