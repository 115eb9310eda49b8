import { describe, expect, it } from 'vitest'
import { randomFrom, seed } from '../support/seed.ts'
import {
  consentModel,
  type ConsentInput,
  type ConsentOutput,
  type ConsentState,
} from './consent-model.ts'
import { linearize, type Model, type Operation } from './linearizability.ts'

type Consent = Operation<ConsentInput, ConsentOutput>

/** An operation from its call to its answer; without an answer its outcome is unknown. */
function from(call: number, input: ConsentInput, output?: ConsentOutput, at?: number): Consent {
  return { input, call, answer: output ? { output, at: at ?? call + 1 } : null }
}

const given = (consent: number): ConsentOutput => ({ kind: 'given', consent })
const permitted = (consent: number): ConsentOutput => ({ kind: 'permitted', consent })
const withdrawn: ConsentOutput = { kind: 'withdrawn' }
const refused: ConsentOutput = { kind: 'refused' }
const nothing: ConsentOutput = { kind: 'nothing' }

const verdict = (...history: readonly Consent[]) => linearize(history, consentModel)
const isLinearizable = (...history: readonly Consent[]) => verdict(...history).linearizable

describe('consent, one after the other', () => {
  it('is used while it stands, and not before or after', () => {
    expect(
      isLinearizable(
        from(1, 'use', refused),
        from(3, 'give', given(7)),
        from(5, 'use', permitted(7)),
        from(7, 'give', nothing),
        from(9, 'withdraw', withdrawn),
        from(11, 'withdraw', nothing),
        from(13, 'use', refused),
        from(15, 'give', given(9)),
        from(17, 'use', permitted(9)),
      ),
    ).toBe(true)
  })

  it('is not used once its withdrawal was answered', () => {
    expect(
      verdict(
        from(1, 'give', given(7)),
        from(3, 'withdraw', withdrawn),
        from(5, 'use', permitted(7)),
      ),
    ).toMatchObject({ linearizable: false, longest: { length: 2 }, blocked: { call: 5 } })
  })

  it('is not refused while it stands', () => {
    expect(isLinearizable(from(1, 'give', given(7)), from(3, 'use', refused))).toBe(false)
  })

  it('stands on the consent given last, never on one before it or one that was not given', () => {
    const again = [from(1, 'give', given(7)), from(3, 'withdraw', withdrawn)]
    const second = from(5, 'give', given(9))
    expect(isLinearizable(...again, second, from(7, 'use', permitted(9)))).toBe(true)
    expect(isLinearizable(...again, second, from(7, 'use', permitted(7)))).toBe(false)
    expect(isLinearizable(...again, second, from(7, 'use', permitted(8)))).toBe(false)
    expect(isLinearizable(...again, from(5, 'give'), from(7, 'use', permitted(7)))).toBe(false)
  })

  it('is not withdrawn before it was ever given', () => {
    expect(isLinearizable(from(1, 'withdraw', refused))).toBe(true)
    expect(isLinearizable(from(1, 'withdraw', nothing))).toBe(false)
    expect(isLinearizable(from(1, 'withdraw', withdrawn))).toBe(false)
  })
})

describe('consent, at the same time', () => {
  it('may be used or not while it is being withdrawn', () => {
    const standing = from(1, 'give', given(7))
    const withdrawing = from(3, 'withdraw', withdrawn, 10)
    expect(isLinearizable(standing, withdrawing, from(4, 'use', permitted(7)))).toBe(true)
    expect(isLinearizable(standing, withdrawing, from(4, 'use', refused))).toBe(true)
  })

  it('is not used after it was seen to be gone, though the withdrawal is not answered yet', () => {
    const history = [from(1, 'give', given(7)), from(3, 'withdraw', withdrawn, 10)]
    const gone = from(4, 'use', refused)
    expect(isLinearizable(...history, gone, from(6, 'use', permitted(7)))).toBe(false)
    expect(isLinearizable(...history, from(4, 'use', permitted(7)), from(6, 'use', refused))).toBe(
      true,
    )
  })

  it('needs the search to go back: who came first is told only by what follows', () => {
    expect(
      isLinearizable(
        from(1, 'give', given(7)),
        from(3, 'withdraw', nothing, 9),
        from(4, 'withdraw', withdrawn, 8),
        from(5, 'use', permitted(7), 7),
      ),
    ).toBe(true)
  })
})

describe('an operation whose outcome is unknown', () => {
  it('may have taken effect, at any time after its call, or never', () => {
    const cut = [from(1, 'give', given(7)), from(3, 'withdraw')]
    expect(isLinearizable(...cut, from(5, 'use', permitted(7)), from(7, 'use', refused))).toBe(true)
    expect(isLinearizable(...cut, from(5, 'use', permitted(7)))).toBe(true)
    expect(isLinearizable(...cut, from(5, 'use', refused))).toBe(true)
  })

  it('takes effect once, and not before its call', () => {
    const cut = [from(1, 'give', given(7)), from(3, 'withdraw')]
    const twice = [from(5, 'use', refused), from(7, 'give', given(9)), from(9, 'use', refused)]
    expect(isLinearizable(...cut, ...twice)).toBe(false)
    expect(isLinearizable(...cut, from(4, 'withdraw'), ...twice)).toBe(true)
    expect(
      isLinearizable(from(1, 'give', given(7)), from(3, 'use', refused), from(5, 'withdraw')),
    ).toBe(false)
  })

  it('gave a consent that is known by the use that stands on it', () => {
    const cut = [from(1, 'give'), from(3, 'use', permitted(4))]
    expect(isLinearizable(...cut, from(5, 'use', permitted(4)))).toBe(true)
    expect(isLinearizable(...cut, from(5, 'use', permitted(5)))).toBe(false)
  })

  it('does not make the search explode', () => {
    const history = Array.from({ length: 80 }, (_, at) => from(at, at % 2 ? 'give' : 'withdraw'))
    const began = performance.now()
    expect(isLinearizable(...history, from(100, 'withdraw', refused))).toBe(true)
    expect(isLinearizable(...history, from(100, 'use', given(1)))).toBe(false)
    // Without leaving out what is the same this would be 2^80 places.
    expect(performance.now() - began).toBeLessThan(20_000)
  })
})

describe('a history of another kind', () => {
  it('is empty, and linearizable', () => {
    expect(isLinearizable()).toBe(true)
  })

  it('has no answer before its call', () => {
    expect(() => verdict(from(5, 'use', refused, 4))).toThrow(RangeError)
  })

  it('is as long as it likes when it is sequential', () => {
    const history = Array.from({ length: 5_000 }, (_, at) => from(2 * at, 'use', refused))
    expect(isLinearizable(...history)).toBe(true)
  })
})

describe('the search', () => {
  it('finds what trying every order finds, in random small histories of consent', () => {
    const random = randomFrom(seed())
    const seen = compare(consentModel, () => randomConsents(random), 3_000)
    expect(seen.linearizable).toBeGreaterThan(300)
    expect(seen.not).toBeGreaterThan(300)
  })

  it('finds what trying every order finds, where one operation may lead to several states', () => {
    const random = randomFrom(seed())
    const seen = compare(die, () => randomRolls(random), 3_000)
    expect(seen.linearizable).toBeGreaterThan(300)
    expect(seen.not).toBeGreaterThan(300)
  })

  it('finds what trying every order finds, in random small histories of a register', () => {
    const random = randomFrom(seed())
    const seen = compare(register, () => randomRegister(random), 3_000)
    expect(seen.linearizable).toBeGreaterThan(300)
    expect(seen.not).toBeGreaterThan(300)
  })
})

/** A die: what it shows is known only to who looks. */
const die: Model<number, 'roll' | 'look', number> = {
  initial: 0,
  apply: (state, input, output) =>
    input === 'roll' ? [1, 2, 3] : output === null || output === state ? [state] : [],
  stateKey: String,
  inputKey: (input) => input,
}

function randomRolls(random: () => number): Operation<'roll' | 'look', number>[] {
  return timed(random).map(({ call, at }) => {
    const input = random() < 0.4 ? 'roll' : 'look'
    const output = input === 'roll' ? 0 : Math.floor(random() * 4)
    return { input, call, answer: at === null ? null : { output, at } }
  })
}

/** Compares on so many histories, and says how many were of either sort. */
function compare<State, Input, Output>(
  model: Model<State, Input, Output>,
  next: () => Operation<Input, Output>[],
  count: number,
) {
  const seen = { linearizable: 0, not: 0 }
  for (let one = 0; one < count; one += 1) {
    const history = next()
    const found = linearize(history, model)
    expect(found.linearizable, JSON.stringify(history)).toBe(isExplained(history, model))
    if (found.linearizable) expect(isOrderOf(found.order, history, model)).toBe(true)
    seen[found.linearizable ? 'linearizable' : 'not'] += 1
  }
  return seen
}

/** Tries every order of every choice of the operations that has all the answered ones in it. */
function isExplained<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
): boolean {
  const tryAll = (chosen: readonly Operation<Input, Output>[]): boolean => {
    if (isOrderOf(chosen, history, model)) return true
    return history.some((one) => !chosen.includes(one) && tryAll([...chosen, one]))
  }
  return tryAll([])
}

/** Whether that order has all the answered ones, keeps to time, and is what the model does. */
function isOrderOf<State, Input, Output>(
  order: readonly Operation<Input, Output>[],
  history: readonly Operation<Input, Output>[],
  model: Model<State, Input, Output>,
): boolean {
  if (history.some((one) => one.answer && !order.includes(one))) return false
  for (const [place, one] of order.entries()) {
    if (order.slice(place + 1).some(({ answer }) => answer && answer.at < one.call)) return false
  }
  let states: readonly State[] = [model.initial]
  for (const { input, answer } of order) {
    states = states.flatMap((state) => model.apply(state, input, answer && answer.output))
  }
  return states.length > 0
}

const most = 6

/** Intervals that overlap; one in four has no answer. */
function randomTimes(random: () => number) {
  return Array.from({ length: 1 + Math.floor(random() * most) }, () => {
    const call = Math.floor(random() * 12)
    return { call, at: random() < 0.25 ? null : call + Math.floor(random() * 8) }
  })
}

/**
 * Answers as an object would give them at a random moment of each interval, and now and then one that it
 * would not give.
 */
function randomConsents(random: () => number): Consent[] {
  const inputs = ['give', 'withdraw', 'use'] as const
  let state: ConsentState = consentModel.initial
  let revision = 0
  const outputs: ConsentOutput[] = [
    nothing,
    withdrawn,
    refused,
    given(1),
    permitted(0),
    permitted(1),
  ]
  return timed(random).map(({ call, at }) => {
    const input = inputs[Math.floor(random() * 3)]!
    const possible = [
      ...outputs,
      given(revision),
      ...(state.consent === null ? [] : [permitted(state.consent)]),
    ]
    const right = possible.find((output) => consentModel.apply(state, input, output).length > 0)!
    state = consentModel.apply(state, input, right)[0]!
    revision += 1
    const output = random() < 0.15 ? outputs[Math.floor(random() * outputs.length)]! : right
    return { input, call, answer: at === null ? null : { output, at } }
  })
}

/** In the order of a random moment of each. */
function timed(random: () => number) {
  return randomTimes(random)
    .map((one) => ({ ...one, moment: one.call + random() * ((one.at ?? one.call + 8) - one.call) }))
    .sort((a, b) => a.moment - b.moment)
}

type RegisterInput =
  | Readonly<{ kind: 'write'; value: number }>
  | Readonly<{ kind: 'read' }>
  | Readonly<{ kind: 'swap'; from: number; to: number }>

/** Holds a number; a swap says whether it found what it was to replace. */
const register: Model<number, RegisterInput, number | boolean> = {
  initial: 0,
  apply: (state, input, output) => {
    switch (input.kind) {
      case 'write':
        return [input.value]
      case 'read':
        return output === null || output === state ? [state] : []
      case 'swap': {
        const swaps = state === input.from
        return output === null || output === swaps ? [swaps ? input.to : state] : []
      }
    }
  },
  stateKey: String,
  inputKey: (input) => JSON.stringify(input),
}

function randomRegister(random: () => number): Operation<RegisterInput, number | boolean>[] {
  let value = 0
  const number = () => Math.floor(random() * 3)
  return timed(random).map(({ call, at }) => {
    const kind = (['write', 'read', 'swap'] as const)[number()]!
    const input: RegisterInput =
      kind === 'write'
        ? { kind, value: number() }
        : kind === 'swap'
          ? { kind, from: number(), to: number() }
          : { kind }
    const right = input.kind === 'read' ? value : input.kind === 'swap' && value === input.from
    value = register.apply(value, input, null)[0]!
    const wrong = random() < 0.15
    const output = !wrong ? right : input.kind === 'read' ? number() : !right
    return { input, call, answer: at === null ? null : { output, at } }
  })
}
