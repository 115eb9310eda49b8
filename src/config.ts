import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { ControllerId } from './domain/values.ts'
import type { LedgerPlace } from './ledger/place.ts'
import { parseVerifierKey } from './proof/note.ts'
import type { VaultPlace } from './vault/place.ts'
import { parseAllowances, type Allowance } from './webhooks/targets.ts'

/**
 * Configuration, from the environment and the command line. Every setting has a default that works on
 * a fresh machine; a wrong one is an error that names it.
 */
const Environment = z.object({
  CUSTODY_DATA: z.string().min(1).default('data'),
  CUSTODY_EVENTSTORE: z
    .string()
    .regex(/^esdb(?:\+discover)?:\/\/\S+$/, 'must be a connection string: esdb://…')
    .optional(),
  CUSTODY_EVENTSTORE_NAMESPACE: z
    .string()
    .regex(/^[a-z0-9]{0,64}$/, 'must be of small letters and digits')
    .default(''),
  CUSTODY_POSTGRESQL: z
    .string()
    .regex(/^postgres(?:ql)?:\/\/\S+$/, 'must be a connection string: postgresql://…')
    .optional(),
  CUSTODY_POSTGRESQL_SCHEMA: z
    .string()
    .regex(
      /^(?!pg_)[a-z][a-z0-9_]{0,47}$/,
      'must be of small letters, digits and _, and not begin with pg_',
    )
    .default('custody_vault'),
  CUSTODY_ROOT_KEY: z.string().optional(),
  CUSTODY_ROOT_KEY_FILE: z.string().min(1).default('keys/root.key'),
  CUSTODY_KEYRING: z.string().min(1).optional(),
  CUSTODY_BACKUPS: z.string().min(1).default('backups'),
  CUSTODY_NOTARY_KEY_FILE: z.string().min(1).optional(),
  CUSTODY_ORIGIN: z
    .string()
    .regex(
      /^[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?:\/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)*$/,
      'must be a host name, which may have a path: custody.example.org',
    )
    .max(128)
    .default('custody.local'),
  CUSTODY_WITNESS: z
    .string()
    .default('')
    .transform((text) => text.split(/[\s,]+/).filter((key) => key !== ''))
    .refine(
      (keys) => keys.every((key) => parseVerifierKey(key)?.type === 'cosignature/v1'),
      'must be verifier keys of witnesses, with commas between',
    ),
  CUSTODY_CHECKPOINT_SECONDS: z.coerce.number().int().min(0).max(86_400).default(60),
  CUSTODY_CONTROLLER: ControllerId.default('symphony-commerce' as ControllerId),
  CUSTODY_HOST: z.string().min(1).default('127.0.0.1'),
  CUSTODY_PORT: z.coerce.number().int().min(0).max(65_535).default(8040),
  CUSTODY_COUNTRY: z
    .string()
    .regex(/^[A-Z]{2}$/, 'must be an ISO 3166-1 alpha-2 country')
    .default('US'),
  CUSTODY_WEBHOOK_ALLOW: z
    .string()
    .default('')
    .transform((text, context) => {
      try {
        return parseAllowances(text)
      } catch {
        const rule = 'must be ranges of addresses and hosts: 10.2.0.0/16, 127.0.0.1:9000'
        context.addIssue({ code: 'custom', message: rule })
        return z.NEVER
      }
    }),
  CUSTODY_LOG_LEVEL: z.enum(['silent', 'error', 'warn', 'info', 'debug']).default('info'),
})

export type Configuration = Readonly<{
  dataDirectory: string
  ledger: LedgerPlace
  vault: VaultPlace
  viewsFile: string
  rootKey: string | null
  rootKeyFile: string
  notaryFile: string
  /** The key that signs checkpoints, and beside it what was signed: outside the data directory. */
  notaryKeyFile: string
  /** What the name of each controller's log begins with. Another one is another log. */
  origin: string
  /** The verifier keys of witnesses whose cosignatures are recorded. */
  witnesses: readonly string[]
  /** How often what is new is signed; 0: when asked only. */
  checkpointSeconds: number
  /** The directory with the keys of the vault's epochs: `epochs` beside the root key's file by default. */
  keyringDirectory: string
  /** Where copies of the stores are written, and destroyed when their life is over. */
  backupDirectory: string
  /** The controller that commands act for when none is named. */
  controller: ControllerId
  host: string
  port: number
  /** ISO 3166-1 alpha-2: how a phone number without a country prefix is read. */
  country: string
  /** Where webhooks may go beside public addresses over https on port 443. */
  webhookAllow: readonly Allowance[]
  logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug'
}>

/** What is wrong with the configuration; each line names a variable and its rule. */
export class BadConfiguration extends Error {
  override readonly name = 'BadConfiguration'
}

/**
 * @param environment usually `process.env`
 * @param overrides what the command line gave
 * @throws BadConfiguration naming the variable and the rule; never its value
 */
export function configure(
  environment: Readonly<Record<string, string | undefined>>,
  overrides: { data?: string | undefined; controller?: string | undefined } = {},
): Configuration {
  const parsed = Environment.safeParse({
    ...environment,
    ...fromFiles(environment),
    ...(overrides.data ? { CUSTODY_DATA: overrides.data } : {}),
    ...(overrides.controller ? { CUSTODY_CONTROLLER: overrides.controller } : {}),
  })
  if (!parsed.success) {
    const lines = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`)
    throw new BadConfiguration(lines.join('\n'))
  }
  const settings = parsed.data
  const dataDirectory = resolve(settings.CUSTODY_DATA)
  const rootKeyFile = resolve(settings.CUSTODY_ROOT_KEY_FILE)
  return {
    dataDirectory,
    ...storesOf(settings, dataDirectory),
    viewsFile: join(dataDirectory, 'views.sqlite'),
    rootKey: settings.CUSTODY_ROOT_KEY ?? null,
    rootKeyFile,
    notaryFile: join(dataDirectory, 'notary.sqlite'),
    notaryKeyFile: resolve(
      settings.CUSTODY_NOTARY_KEY_FILE ?? join(dirname(rootKeyFile), 'notary.key'),
    ),
    origin: settings.CUSTODY_ORIGIN,
    witnesses: settings.CUSTODY_WITNESS,
    checkpointSeconds: settings.CUSTODY_CHECKPOINT_SECONDS,
    keyringDirectory: resolve(
      settings.CUSTODY_KEYRING ?? join(dirname(settings.CUSTODY_ROOT_KEY_FILE), 'epochs'),
    ),
    backupDirectory: resolve(settings.CUSTODY_BACKUPS),
    controller: settings.CUSTODY_CONTROLLER,
    host: settings.CUSTODY_HOST,
    port: settings.CUSTODY_PORT,
    country: settings.CUSTODY_COUNTRY,
    webhookAllow: settings.CUSTODY_WEBHOOK_ALLOW,
    logLevel: settings.CUSTODY_LOG_LEVEL,
  }
}

/** What may be in a file, as secrets are handed to containers: `CUSTODY_POSTGRESQL_FILE` names it. */
const readFromFiles = ['CUSTODY_EVENTSTORE', 'CUSTODY_POSTGRESQL'] as const

function fromFiles(environment: Readonly<Record<string, string | undefined>>) {
  const found: Record<string, string> = {}
  for (const name of readFromFiles) {
    const file = environment[`${name}_FILE`]
    if (file === undefined) continue
    if (environment[name] !== undefined) {
      throw new BadConfiguration(`${name}_FILE: must not be given together with ${name}`)
    }
    try {
      found[name] = readFileSync(file, 'utf8').trim()
    } catch (cause) {
      const { message } = cause as Error
      throw new BadConfiguration(`${name}_FILE: must be a file: ${message}`, { cause })
    }
  }
  return found
}

function storesOf(
  settings: z.infer<typeof Environment>,
  dataDirectory: string,
): Pick<Configuration, 'ledger' | 'vault'> {
  const eventStore = settings.CUSTODY_EVENTSTORE
  const postgresql = settings.CUSTODY_POSTGRESQL
  return {
    ledger:
      eventStore === undefined
        ? { store: 'sqlite', file: join(dataDirectory, 'ledger.sqlite') }
        : {
            store: 'eventstore',
            connectionString: eventStore,
            namespace: settings.CUSTODY_EVENTSTORE_NAMESPACE,
          },
    vault:
      postgresql === undefined
        ? { store: 'sqlite', file: join(dataDirectory, 'vault.sqlite') }
        : {
            store: 'postgresql',
            connectionString: postgresql,
            schema: settings.CUSTODY_POSTGRESQL_SCHEMA,
          },
  }
}
