import { readFileSync } from 'node:fs'
import { parseDocument } from 'yaml'
import { lint, type Finding } from '../domain/policy/lint.ts'
import { parsePolicy } from '../domain/policy/parse.ts'
import type { Policy } from '../domain/policy/schema.ts'
import { Instant } from '../domain/values.ts'
import { common, contextOf, withCustody, type CommonOptions } from './context.ts'
import { exit, UsageError } from './exit.ts'
import { createOutput } from './output.ts'
import type { AddCommand } from './program.ts'

type Problem = { path: string; rule: string }

/** `custody policy check FILE`, `custody policy publish FILE`. */
export const policyCommand: AddCommand = (program, ended) => {
  const policy = program.command('policy').description('Check and publish policy files.')

  policy
    .command('check <file>')
    .description('Lint a policy file: contradictions, unreachable rules, what has no retention.')
    .option('--json', 'one JSON value on standard output, for machines')
    .addHelpText('after', '\nExample:\n  custody policy check policies/templates/minimal.yaml')
    .action((file: string, options: { json?: boolean }) => {
      const output = createOutput(options.json ?? false, {
        out: process.stdout,
        err: process.stderr,
      })
      const read = readPolicyFile(file)
      if (!read.ok) {
        output.table(
          ['where', 'rule'],
          read.problems.map(({ path, rule }) => [path, rule]),
        )
        output.result({ file, valid: false, problems: read.problems })
        return ended(exit.findings)
      }
      const findings = lint(read.policy)
      const serious = findings.filter(({ severity }) => severity !== 'info')
      output.table(
        ['severity', 'code', 'where', 'finding'],
        serious.map(({ severity, code, path, message }) => [
          severity,
          code,
          path,
          wrapped(message),
        ]),
      )
      output.say(summaryOf(read.policy, findings))
      output.result({ file, valid: true, findings })
      ended(findings.some(({ severity }) => severity === 'error') ? exit.findings : exit.done)
    })

  common(policy.command('publish <file>'))
    .description(
      'Record a policy version in the ledger. It takes effect over the API, once it is announced.',
    )
    .option('--at <instant>', 'when it was published, for history (default: now)')
    .addHelpText(
      'after',
      `
Examples:
  custody policy publish policies/symphony-commerce-2014-06-30.yaml
  custody policy publish policies/symphony-commerce-2014-06-30.yaml --at 2014-06-16T16:00:00.000Z`,
    )
    .action(async (file: string, options: CommonOptions & { at?: string }) => {
      const context = contextOf(options)
      const document = readText(file)
      const at = instantOption(options.at)
      await withCustody(context, async ({ services }) => {
        const outcome = await services.policies.publish(context.caller, document, at)
        if (outcome.outcome === 'invalid') throw new UsageError(`${outcome.field}: ${outcome.rule}`)
        context.output.say(
          outcome.outcome === 'recorded'
            ? `Published at position ${outcome.position}.`
            : outcome.refusals.map(({ explanation }) => explanation).join('\n'),
        )
        context.output.result(outcome)
        ended(outcome.outcome === 'recorded' ? exit.done : exit.findings)
      })
    })
}

/** @throws UsageError when there is no such file */
export function readPolicyFile(
  file: string,
): { ok: true; policy: Policy; document: string } | { ok: false; problems: readonly Problem[] } {
  const document = readText(file)
  const yaml = parseDocument(document, { prettyErrors: true })
  if (yaml.errors.length > 0) {
    return {
      ok: false,
      problems: yaml.errors.map(({ linePos, code, message }) => ({
        path: linePos ? `line ${linePos[0].line}, column ${linePos[0].col}` : file,
        rule: `${code}: ${message.split('\n')[0]}`,
      })),
    }
  }
  const parsed = parsePolicy(yaml.toJS())
  return parsed.ok ? { ok: true, policy: parsed.policy, document } : parsed
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    throw new UsageError(`couldn't read ${file}`)
  }
}

function instantOption(text: string | undefined): Instant | null {
  if (text === undefined) return null
  const parsed = Instant.safeParse(text)
  if (!parsed.success) throw new UsageError(`--at: ${parsed.error.issues[0]?.message}`)
  return parsed.data
}

function summaryOf(policy: Policy, findings: readonly Finding[]): string {
  const count = (severity: string) =>
    findings.filter((finding) => finding.severity === severity).length
  return [
    `${policy.title}, version ${policy.version}: ${Object.keys(policy.clauses).length} clauses,`,
    `${Object.keys(policy.purposes).length} purposes, ${policy.collection.length} collection,`,
    `${policy.sharing.length} sharing and ${policy.retention.length} retention rules.`,
    `${count('error')} errors, ${count('warning')} warnings.`,
  ].join(' ')
}

function wrapped(text: string): string {
  return text.replace(/(.{1,60})(?:\s+|$)/g, '$1\n').trimEnd()
}
