import { AsyncLocalStorage } from 'node:async_hooks'
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type SpanContext,
  type Tracer,
} from '@opentelemetry/api'
import { allowedOnly, errorType, type Attributes } from './attributes.ts'

/** An open span, and what belongs to the work that it is the span of. */
export type Scope = Readonly<{ span: Span; context: Context; budget: Budget; isRoot: boolean }>

/** How many more spans may be opened below one that has nothing of ours above it. */
type Budget = { left: number; leftOut: number }

export type SpanOptions = Readonly<{
  kind?: SpanKind
  attributes?: Attributes
  /** What it is part of. Left out: the span in which this is called; null: nothing. */
  parent?: Scope | null
  /** The span of another process that it is part of. */
  remote?: SpanContext | null
  /** What it also did something for. */
  links?: readonly SpanContext[]
}>

/** Opens and closes spans, and knows which one is open where. */
export type Spans = Readonly<{
  current: () => Scope | null
  /** Does the work as part of the span. */
  run: <Result>(scope: Scope, work: () => Result) => Result
  open: (name: string, options?: SpanOptions) => Scope
  /** @param failure the error that it ended with, if it is one; only its name is told */
  close: (scope: Scope, attributes?: Attributes, failure?: unknown) => void
  /** Does the work in a span of its own; an error closes the span and is thrown on. */
  within: <Result>(
    name: string,
    options: SpanOptions,
    work: (scope: Scope) => Promise<Result>,
  ) => Promise<Result>
  /** A span that is over already, and took so many milliseconds. */
  past: (name: string, milliseconds: number, attributes: Attributes) => void
}>

/** A batch may have thousands of lines: it is told how many spans more there would have been. */
const mostSpans = 200
const mostLinks = 32

/** @param now milliseconds since 1970 */
export function createSpans(tracer: Tracer, now: () => number): Spans {
  const scopes = new AsyncLocalStorage<Scope>()
  const current = () => scopes.getStore() ?? null
  const run = <Result>(scope: Scope, work: () => Result) => scopes.run(scope, work)

  function open(name: string, options: SpanOptions = {}): Scope {
    const { kind = SpanKind.INTERNAL, attributes = {}, remote = null, links = [] } = options
    const parent = options.parent === undefined ? current() : options.parent
    if (parent && parent.budget.left === 0) {
      parent.budget.leftOut += 1
      return { ...parent, span: trace.wrapSpanContext(parent.span.spanContext()), isRoot: false }
    }
    if (parent) parent.budget.left -= 1
    const above = parent?.context ?? remoteContext(remote)
    const span = tracer.startSpan(
      name,
      {
        kind,
        attributes: allowedOnly(attributes),
        links: links.slice(0, mostLinks).map((context) => ({ context })),
      },
      above,
    )
    const budget = parent?.budget ?? { left: mostSpans, leftOut: 0 }
    return { span, context: trace.setSpan(above, span), budget, isRoot: !parent }
  }

  function close({ span, budget, isRoot }: Scope, attributes: Attributes = {}, failure?: unknown) {
    if (isRoot && budget.leftOut > 0) {
      span.setAttributes(allowedOnly({ 'custody.spans_left_out': budget.leftOut }))
    }
    span.setAttributes(allowedOnly(attributes))
    if (failure !== undefined) {
      span.setAttributes(allowedOnly({ 'error.type': errorType(failure) }))
      span.setStatus({ code: SpanStatusCode.ERROR })
    }
    span.end()
  }

  return {
    current,
    run,
    open,
    close,
    async within(name, options, work) {
      const scope = open(name, options)
      try {
        const result = await run(scope, () => work(scope))
        close(scope)
        return result
      } catch (error) {
        close(scope, {}, error ?? null)
        throw error
      }
    },
    past(name, milliseconds, attributes) {
      const end = now()
      const options = { attributes: allowedOnly(attributes), startTime: end - milliseconds }
      tracer.startSpan(name, options, ROOT_CONTEXT).end(end)
    },
  }
}

/** Says more of a span that is open. */
export function tell({ span }: Scope, attributes: Attributes): void {
  span.setAttributes(allowedOnly(attributes))
}

function remoteContext(remote: SpanContext | null): Context {
  return remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT
}
