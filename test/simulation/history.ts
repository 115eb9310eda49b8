import { setTimeout as wait } from 'node:timers/promises'
import { v7 as uuidv7 } from 'uuid'
import { Line, type LineInput } from '../../src/application/lines.ts'
import type { LineOutcome, Outcome } from '../../src/application/services.ts'
import type { StreamName } from '../../src/domain/envelope.ts'
import { randomFrom } from '../support/seed.ts'
import type { ConsentInput } from './consent-model.ts'
import {
  drawDisturbance,
  firstDisturbance,
  type Disturbance,
  type Disturbances,
} from './disturbances.ts'
import { callerOf, type Nodes } from './nodes.ts'

/** How many operations a history has. */
export const operationsEach = 60

/** A call is given up by nobody; one that has not ended after so long never will. */
const longestCallMs = 60_000
const mostAttempts = 3
const failurePauseMs = 150

/** What a client did, on the logical clock of its history. */
export type Done = Readonly<{
  input: ConsentInput
  /** Of all its events, on whatever node. */
  correlation: string
  /** When each attempt was made: the first, and those after an attempt that failed, under one key. */
  attempts: readonly number[]
  /** Null: the last attempt failed as well. */
  answer: Readonly<{ outcome: Outcome; at: number }> | null
}>

/** One history: what was asked and answered, and what went wrong meanwhile. */
export type History = Readonly<{
  seed: number
  stream: StreamName
  done: readonly Done[]
  disturbances: readonly Disturbance[]
  /** In what attempts ended that got no answer. */
  errors: readonly unknown[]
}>

/** How many of the operations are uses, and how long a client waits at most, in one history or another. */
const usesEach = [0.1, 0.4, 0.6]
const longestPausesMs = [0, 10, 60]

type Plan = Readonly<{
  input: ConsentInput
  /** Which node is asked first. */
  place: number
  /** Whether it is asked again, on the other node, when it failed. */
  persistent: boolean
  pauseMs: number
  disturbance: Disturbance | null
}>

/**
 * Four to six clients on two nodes give, withdraw and use the consent of one person, all at the same
 * time, while what the seed says goes wrong.
 *
 * @throws Error when a call does not end, or answers what no client of consent could be answered
 */
export async function runHistory(
  nodes: Nodes,
  disturbances: Disturbances,
  seed: number,
): Promise<History> {
  const random = randomFrom(seed)
  const plans = planOf(seed, random)
  const run = new Run(nodes, disturbances)
  const stream = await run.begin()
  await Promise.all(plans.map((plan) => run.client(plan)))
  const { done, met, errors } = run
  return { seed, stream, done, disturbances: met, errors }
}

/** What each client does, one thing after the other. */
function planOf(seed: number, random: () => number): readonly (readonly Plan[])[] {
  const clients = 4 + Math.floor(random() * 3)
  const faults = new Map([[5 + Math.floor(random() * 40), firstDisturbance(seed, random)]])
  if (random() < 0.5) faults.set(45 + Math.floor(random() * 10), drawDisturbance(random))
  const plans: Plan[][] = Array.from({ length: clients }, () => [])
  const uses = usesEach[Math.floor(random() * usesEach.length)]!
  const longestPauseMs = longestPausesMs[Math.floor(random() * longestPausesMs.length)]!
  for (let number = 0; number < operationsEach; number += 1) {
    const drawn = random()
    plans[number % clients]!.push({
      input: drawn < uses ? 'use' : random() < 0.5 ? 'give' : 'withdraw',
      // As behind a proxy: what a client was told by one node it may hold against the other.
      place: random() < 0.5 ? 0 : 1,
      persistent: random() < 0.5,
      pauseMs: random() < 0.3 ? 0 : random() * longestPauseMs,
      disturbance: faults.get(number) ?? null,
    })
  }
  return plans
}

class Run {
  readonly done: Done[] = []
  readonly met: Disturbance[] = []
  readonly errors: unknown[] = []
  readonly #nodes: Nodes
  readonly #disturbances: Disturbances
  readonly #person = `${uuidv7()}@example.org`
  #time = 0

  constructor(nodes: Nodes, disturbances: Disturbances) {
    this.#nodes = nodes
    this.#disturbances = disturbances
  }

  /** The person comes into custody. */
  async begin(): Promise<StreamName> {
    const line: LineInput = {
      type: 'collect',
      ...this.#common(),
      property: 'www.symphonycommerce.com',
      channel: 'web-form',
      kind: 'account-holder',
      purposes: ['account-management'],
      values: { 'user.name': { full: 'Ada Byron' } },
    }
    const { answer } = await this.#ask(line, 0, Infinity)
    if (answer?.outcome.outcome !== 'recorded') {
      throw new Error(`couldn't collect: ${JSON.stringify(answer?.outcome)}`)
    }
    return answer.outcome.stream
  }

  async client(plans: readonly Plan[]): Promise<void> {
    for (const { input, place, persistent, pauseMs, disturbance } of plans) {
      if (pauseMs > 0) await wait(pauseMs)
      const disturbed = disturbance && this.#disturbances.begin(disturbance)
      const asked = this.#ask(this.#lineOf(input), place, persistent ? mostAttempts : 1)
      this.done.push({ input, ...(await asked) })
      if (disturbed) {
        await disturbed
        this.met.push(disturbance)
      }
    }
  }

  async #ask(line: LineInput, place: number, most: number): Promise<Omit<Done, 'input'>> {
    const correlation = uuidv7()
    const attempts: number[] = []
    while (attempts.length < most) {
      attempts.push((this.#time += 1))
      const outcome = await this.#attempt(line, (place + attempts.length - 1) % 2, correlation)
      if (outcome === null) continue
      if (outcome.outcome === 'key_reused' || outcome.outcome === 'invalid') {
        throw new Error(`${line.type} was answered ${JSON.stringify(outcome)}`)
      }
      return { correlation, attempts, answer: { outcome, at: (this.#time += 1) } }
    }
    return { correlation, attempts, answer: null }
  }

  /** Null where it ended in an error, or its node was given up. */
  async #attempt(input: LineInput, place: number, key: string): Promise<LineOutcome | null> {
    const { custody, gone } = this.#nodes.at(place)
    const { recording } = custody.services
    const operation = { key, body: JSON.stringify(input) }
    const asked = recording.record(callerOf(key), Line.parse(input), operation)
    const given = gone.then(() => {
      throw new NodeGone('the node was given up')
    })
    given.catch(() => {})
    try {
      return await endsSoon(Promise.race([asked, given]))
    } catch (error) {
      if (error instanceof NeverEnds) throw error
      // Who asks again at once would spend its operations on one outage.
      await wait(failurePauseMs)
      this.errors.push(error)
      return null
    }
  }

  #common() {
    const subject = { identifiers: [{ scheme: 'email' as const, value: this.#person }] }
    return { mode: 'enforce', source: 'shop', subject } as const
  }

  #lineOf(input: ConsentInput): LineInput {
    const about = { ...this.#common(), purpose: 'diagnosis-and-improvement' }
    switch (input) {
      case 'give':
        return { type: 'give-consent', ...about, channel: 'web-form' }
      case 'withdraw':
        return { type: 'withdraw-consent', ...about, channel: 'web-form' }
      case 'use': {
        const property = 'www.symphonycommerce.com'
        return { type: 'use', ...about, property, categories: ['user.name'] }
      }
    }
  }
}

/** Nobody waits for the answer of a node that was given up. */
export class NodeGone extends Error {}

class NeverEnds extends Error {}

async function endsSoon<Answer>(asked: Promise<Answer>): Promise<Answer> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => late.reject(new NeverEnds(`a call had not ended after ${longestCallMs} ms`)),
    longestCallMs,
  )
  try {
    return await Promise.race([asked, late.promise])
  } finally {
    clearTimeout(timer)
  }
}
