import type { Command } from 'commander'
import type { EndpointOutcome } from '../application/endpoints.ts'
import type { Invalid, Outcome } from '../application/services.ts'
import { Downstream, EndpointUrl, Topic } from '../domain/endpoint/events.ts'
import { common, contextOf, withCustody, type CommonOptions, type Context } from './context.ts'
import { exit, UsageError, type Exit } from './exit.ts'
import type { AddCommand } from './program.ts'

const which = '\n<downstream> is recipient/<id> or source/<id>.\n'

/** `custody endpoint register`, `rotate`, `remove`, `list`. */
export const endpointCommand: AddCommand = (program, ended) => {
  const endpoint = program
    .command('endpoint')
    .description('Where recipients and source systems are told of erasures and withdrawals.')

  common(endpoint.command('register <downstream>'))
    .description('Register where it is told. The secret that signs is shown once.')
    .requiredOption('--url <url>', 'where messages are posted: https, host and path')
    .option('--topic <topic...>', `of what it is told (default: all): ${Topic.options.join(', ')}`)
    .addHelpText(
      'after',
      `${which}
Example:
  custody endpoint register recipient/mailworks --url https://hooks.mailworks.example/custody`,
    )
    .action(async (name: string, options: CommonOptions & { url: string; topic?: string[] }) => {
      const context = contextOf(options)
      const step = {
        downstream: downstreamOf(name),
        url: urlOf(options),
        topics: topicsOf(options),
      }
      await withCustody(context, async ({ services }) => {
        const outcome = await services.endpoints.register(context.caller, step)
        ended(show(context, outcome))
      })
    })

  common(endpoint.command('rotate <downstream>'))
    .description('Give it a new secret, shown once. The one before it signs as well for a day.')
    .addHelpText('after', `${which}\nExample:\n  custody endpoint rotate recipient/mailworks`)
    .action(async (name: string, options: CommonOptions) => {
      const context = contextOf(options)
      const step = { downstream: downstreamOf(name) }
      await withCustody(context, async ({ services }) =>
        ended(show(context, await services.endpoints.rotate(context.caller, step))),
      )
    })

  common(endpoint.command('remove <downstream>'))
    .description('It is told nothing more, until another endpoint is registered.')
    .requiredOption('--reason <text>', 'why')
    .addHelpText(
      'after',
      `${which}\nExample:\n  custody endpoint remove source/crm --reason "the CRM was replaced"`,
    )
    .action(async (name: string, options: CommonOptions & { reason: string }) => {
      const context = contextOf(options)
      const step = { downstream: downstreamOf(name), reason: options.reason }
      await withCustody(context, async ({ services }) =>
        ended(show(context, await services.endpoints.remove(context.caller, step))),
      )
    })

  addList(endpoint)
}

function addList(endpoint: Command): void {
  common(endpoint.command('list'))
    .description('The endpoints, and of what each is told.')
    .addHelpText('after', '\nExample:\n  custody endpoint list')
    .action(async (options: CommonOptions) => {
      const context = contextOf(options)
      await withCustody(context, async ({ views }) => {
        const rows = views.endpoints(context.configuration.controller, views.position())
        context.output.table(
          ['downstream', 'url', 'topics', 'secret', 'since'],
          rows.map(({ downstream: { kind, id }, url, topics, generation, since, removed }) => [
            `${kind}/${id}`,
            removed ? `${url} (removed)` : url,
            topics.join('\n'),
            `no. ${generation}`,
            since,
          ]),
        )
        context.output.result(rows)
      })
    })
}

function show({ output }: Context, outcome: EndpointOutcome | Outcome | Invalid): Exit {
  if (outcome.outcome === 'invalid') throw new UsageError(`--${outcome.field}: ${outcome.rule}`)
  if (outcome.outcome === 'refused') {
    output.say(outcome.refusals.map(({ explanation }) => explanation).join('\n'))
  } else if ('secret' in outcome && outcome.secret !== null) {
    output.say(`Its secret (shown only now): ${outcome.secret}`)
  } else {
    output.say(outcome.events.length > 0 ? 'Recorded.' : 'Nothing was left to do.')
  }
  output.result(outcome)
  return outcome.outcome === 'refused' ? exit.findings : exit.done
}

function downstreamOf(name: string): Downstream {
  const [kind, id, ...more] = name.split('/')
  const parsed = Downstream.safeParse({ kind, id })
  if (!parsed.success || more.length > 0) {
    throw new UsageError('<downstream>: must be recipient/<id> or source/<id>')
  }
  return parsed.data
}

function urlOf({ url }: { url: string }): EndpointUrl {
  const parsed = EndpointUrl.safeParse(url)
  if (!parsed.success) throw new UsageError(`--url: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}

function topicsOf({ topic }: { topic?: string[] }): readonly Topic[] {
  return (topic ?? Topic.options).map((one) => {
    const parsed = Topic.safeParse(one)
    if (!parsed.success) throw new UsageError(`--topic: must be of ${Topic.options.join(', ')}`)
    return parsed.data
  })
}
