import { Role } from '../domain/access/events.ts'
import { Reference } from '../domain/values.ts'
import { common, contextOf, withCustody, type CommonOptions } from './context.ts'
import { exit, UsageError } from './exit.ts'
import type { AddCommand } from './program.ts'

/** `custody token issue`, `custody token revoke`. */
export const tokenCommand: AddCommand = (program, ended) => {
  const token = program.command('token').description('Who may speak to the API.')

  common(token.command('issue <token>'))
    .description('Issue a token for a role. Its secret is shown once and kept nowhere.')
    .requiredOption('--role <role>', Role.options.join(', '))
    .option('--label <text>', 'what it is for', 'issued at the console')
    .addHelpText(
      'after',
      '\nExample:\n  custody token issue crm --role source --label "CRM nightly"',
    )
    .action(async (name: string, options: CommonOptions & { role: string; label: string }) => {
      const context = contextOf(options)
      const role = Role.safeParse(options.role)
      if (!role.success) throw new UsageError(`--role: must be one of ${Role.options.join(', ')}`)
      const reference = referenceOf(name)
      await withCustody(context, async ({ services }) => {
        const step = { token: reference, role: role.data, label: options.label }
        const outcome = await services.access.issue(context.caller, step)
        if (outcome.outcome === 'refused') {
          context.output.say(outcome.refusals.map(({ explanation }) => explanation).join('\n'))
          ended(exit.findings)
        } else {
          context.output.say(`${outcome.secret}`)
        }
        context.output.result(outcome)
      })
    })

  common(token.command('revoke <token>'))
    .description('From now on the token opens nothing.')
    .requiredOption('--reason <text>', 'why')
    .addHelpText('after', '\nExample:\n  custody token revoke crm --reason "the CRM was replaced"')
    .action(async (name: string, options: CommonOptions & { reason: string }) => {
      const context = contextOf(options)
      await withCustody(context, async ({ services }) => {
        const step = { token: referenceOf(name), reason: options.reason }
        const outcome = await services.access.revoke(context.caller, step)
        context.output.say(outcome.outcome)
        context.output.result(outcome)
        ended(outcome.outcome === 'recorded' ? exit.done : exit.findings)
      })
    })
}

function referenceOf(name: string): Reference {
  const parsed = Reference.safeParse(name)
  if (!parsed.success) throw new UsageError(`${name}: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}
