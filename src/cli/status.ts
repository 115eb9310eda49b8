import { common, contextOf, withCustody, type CommonOptions } from './context.ts'
import type { AddCommand } from './program.ts'

/** `custody status`: what the stores hold. */
export const statusCommand: AddCommand = (program) => {
  common(program.command('status'))
    .description('How many events and people there are, and how far the views are.')
    .addHelpText('after', '\nExample:\n  custody status --json')
    .action(async (options: CommonOptions) => {
      const context = contextOf(options)
      const { controller } = context.configuration
      await withCustody(context, async ({ log, views, notary, now }) => {
        const head = await log.head()
        const { subjects, events } = views.counts(controller)
        const position = views.position()
        const policies = views.policies(controller, position)
        const pending = views.pendingDeletions(controller, position, { limit: 1000, cursor: null })
        const holds = views.holds(controller, position).filter(({ ended }) => ended === null)
        const signed = await notary.latest(controller)
        const age = signed && Math.round((Date.parse(now()) - Date.parse(signed.signedAt)) / 1_000)
        const status = {
          controller,
          ledger: { head },
          views: { position, behind: head !== position },
          subjects,
          events,
          policies: policies.map(({ policy, version, status }) => ({ policy, version, status })),
          holdsInForce: holds.length,
          deletionsPending: pending.rows.length,
          checkpoint: signed && {
            origin: signed.origin,
            size: signed.size,
            root: signed.root.toString('base64'),
            signedAt: signed.signedAt,
          },
        }
        context.output.table(
          ['', controller],
          [
            ['ledger, last position', head],
            ['views, position', position],
            ['people', subjects],
            ['events', events],
            ['policy versions', policies.map((p) => `${p.version} ${p.status}`).join('\n') || '-'],
            ['holds in force', holds.length],
            ['deletions pending', pending.rows.length],
            ['events signed', signed ? `${signed.size}, ${age} s ago` : '-'],
          ],
        )
        context.output.result(status)
      })
    })
}
