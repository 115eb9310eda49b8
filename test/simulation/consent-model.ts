import type { Model } from './linearizability.ts'

/** What is asked about the consent of one person to one purpose, in mode enforce. */
export type ConsentInput = 'give' | 'withdraw' | 'use'

/**
 * What was answered. Consents are told apart by the revision of their event in the person's stream, which
 * grows. `nothing`: what was asked for stood already, and no event was written.
 */
export type ConsentOutput =
  | Readonly<{ kind: 'given'; consent: number }>
  | Readonly<{ kind: 'withdrawn' | 'nothing' | 'refused' }>
  /** N2: with the consent that the use stands on. */
  | Readonly<{ kind: 'permitted'; consent: number }>

export type ConsentState = Readonly<{
  status: 'never' | 'given' | 'withdrawn'
  /** Of the consent that stands; null where none does, or that was given by a call without an answer. */
  consent: number | null
  /** The greatest that was seen: what is given later is greater. */
  newest: number
}>

/**
 * N1: a use is permitted exactly while consent stands, and stands on the consent given last. Giving what
 * stands and withdrawing what is withdrawn do nothing; withdrawing what was never given is refused.
 */
export const consentModel: Model<ConsentState, ConsentInput, ConsentOutput> = {
  initial: { status: 'never', consent: null, newest: -1 },
  apply: (state, input, output) => {
    switch (input) {
      case 'give':
        return give(state, output)
      case 'withdraw':
        return withdraw(state, output)
      case 'use':
        return use(state, output)
    }
  },
  stateKey: ({ status, consent, newest }) => `${status} ${consent} ${newest}`,
  inputKey: (input) => input,
}

function give(state: ConsentState, output: ConsentOutput | null): ConsentState[] {
  if (state.status === 'given') return !output || output.kind === 'nothing' ? [state] : []
  if (output === null) return [{ ...state, status: 'given', consent: null }]
  if (output.kind !== 'given' || output.consent <= state.newest) return []
  return [{ status: 'given', consent: output.consent, newest: output.consent }]
}

function withdraw(state: ConsentState, output: ConsentOutput | null): ConsentState[] {
  const expected = { never: 'refused', given: 'withdrawn', withdrawn: 'nothing' } as const
  if (output && output.kind !== expected[state.status]) return []
  if (state.status !== 'given') return [state]
  return [{ ...state, status: 'withdrawn', consent: null }]
}

function use(state: ConsentState, output: ConsentOutput | null): ConsentState[] {
  if (output === null) return [state]
  if (state.status !== 'given') return output.kind === 'refused' ? [state] : []
  if (output.kind !== 'permitted') return []
  const { consent } = output
  if (state.consent !== null) return consent === state.consent ? [state] : []
  // Whoever gave it was not told its revision: now it is known.
  return consent > state.newest ? [{ status: 'given', consent, newest: consent }] : []
}
