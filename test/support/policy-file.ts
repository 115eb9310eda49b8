import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { compile, type CompiledPolicy } from '../../src/domain/policy/compile.ts'
import { parsePolicy } from '../../src/domain/policy/parse.ts'
import type { Policy } from '../../src/domain/policy/schema.ts'

/** The value of a policy file of the tree, as a document that a test may change. */
export function policyDocument(name: string): Record<string, unknown> {
  const text = readFileSync(new URL(`../../policies/${name}.yaml`, import.meta.url), 'utf8')
  return parse(text) as Record<string, unknown>
}

/** A policy file of the tree, parsed. */
export function policyFile(name: string): Policy {
  return parsed(policyDocument(name))
}

/** A document that is meant to be a policy; throws with what is wrong with it. */
export function parsed(document: unknown): Policy {
  const result = parsePolicy(document)
  if (!result.ok) throw new Error(JSON.stringify(result.problems, null, 2))
  return result.policy
}

/** The example policy, ready for judging. */
export function symphonyPolicy(): CompiledPolicy {
  return compile(policyFile('symphony-commerce-2014-06-30'))
}
