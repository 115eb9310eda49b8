import { buildApp } from '../api/app.ts'
import { Reference } from '../domain/values.ts'
import { accessDecider } from '../domain/access/decider.ts'
import { streamName } from '../domain/envelope.ts'
import { openCustody, type Custody } from '../main.ts'
import { signRegularly } from './checkpointing.ts'
import { expireRegularly } from './backup.ts'
import { common, contextOf, type CommonOptions, type Context } from './context.ts'
import { createHealth } from './health.ts'
import { createMetrics, type Metrics } from '../metrics/metrics.ts'
import { tellDownstream } from './notify.ts'
import type { AddCommand } from './program.ts'
import { readingsOf } from './readings.ts'
import { openTracing } from './tracing.ts'
import type { Tracing } from '../tracing/tracing.ts'

/** `custody serve`: the HTTP API, until it is told to stop. */
export const serveCommand: AddCommand = (program) => {
  common(program.command('serve'))
    .description('Serve the HTTP API. On first start it prints a bootstrap token, once.')
    .option('--host <address>', 'where to listen (CUSTODY_HOST; default 127.0.0.1)')
    .option('--port <number>', 'on which port; 0: any free one (CUSTODY_PORT; default 8040)')
    .addHelpText('after', '\nExample:\n  custody serve --port 8040')
    .action(async (options: CommonOptions & { host?: string; port?: string }) => {
      if (options.host) process.env.CUSTODY_HOST = options.host
      if (options.port) process.env.CUSTODY_PORT = options.port
      const context = contextOf(options)
      const metrics = createMetrics()
      const tracing = await openTracing(process.env, metrics.lostSpans)
      try {
        const custody = await openCustody(context.configuration, {
          observe: metrics.observe,
          ...(tracing ? { trace: tracing.wrappers } : {}),
        })
        try {
          await serve(context, custody, metrics, tracing)
        } finally {
          await custody.close()
        }
      } finally {
        await tracing?.close()
      }
    })
}

async function serve(
  context: Context,
  custody: Custody,
  metrics: Metrics,
  tracing: Tracing | null,
): Promise<void> {
  const { configuration, output } = context
  // A ledger that is not the one that was signed is not served.
  await custody.notary.check()
  const health = createHealth(custody)
  const app = buildApp({
    services: custody.services,
    views: custody.views,
    notary: custody.notary,
    evidence: custody.evidence,
    metrics: async (controller) => ({
      contentType: metrics.contentType,
      text: await metrics.text(await readingsOf(custody, controller, await health())),
    }),
    now: custody.now,
    health,
    ...(tracing ? { tracer: tracing.requests } : {}),
    cursorKey: custody.cursorKey,
    log: configuration.logLevel === 'silent' ? false : { level: configuration.logLevel },
  })
  const stopped = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
  })
  const address = await app.listen({ host: configuration.host, port: configuration.port })
  // What was begun before the process was last stopped is finished before anything else is asked.
  await custody.services.deletions.resume(context.caller, null, 10_000)
  const bootstrap = await bootstrapToken(context, custody)
  output.say(`Custody serves ${configuration.controller} at ${address}`)
  output.say(`OpenAPI page   ${address}/docs`)
  if (bootstrap) output.say(`Bootstrap token (admin; shown only now): ${bootstrap}`)
  output.result({ address, docs: `${address}/docs`, bootstrap })
  const stop = new AbortController()
  const deaf = custody.onTrouble(({ of, message }) => {
    process.stderr.write(`${said[of]}: ${message}\n`)
    metrics.trouble(of)
  })
  const telling = tellDownstream(custody, stop.signal)
  const signing = signRegularly(custody, stop.signal)
  const expiring = expireRegularly(custody, context, stop.signal)
  await stopped
  deaf()
  stop.abort()
  await Promise.all([app.close(), telling, signing, expiring])
}

const said = {
  views: "the views couldn't be folded further, and will be",
  subscription: 'the subscription to the ledger was lost, and is made anew',
} as const

/** The first token of a controller that has none; null ever after. */
async function bootstrapToken({ caller }: Context, { executor, services }: Custody) {
  const stream = streamName('access', caller.controller, 'tokens')
  const issued = await executor.load(stream, accessDecider, ({ state }) => state.tokens.size)
  if (issued > 0) return null
  const step = {
    token: Reference.parse('bootstrap'),
    role: 'admin',
    label: 'first start',
  } as const
  return (await services.access.issue(caller, step)).secret
}
