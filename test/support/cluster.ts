import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { configure, type Configuration } from '../../src/config.ts'
import type { OpenOptions } from '../../src/main.ts'
import { realEventStore } from './event-store-of.ts'
import { StandIn } from './eventstore/stand-in.ts'
import { startPostgres, type TestPostgres } from './postgres.ts'
import { openStack, stackOn, symphony, type Stack } from './stack.ts'

export { realEventStore } from './event-store-of.ts'

/** Nodes that share an event store and a vault, each with views of its own. */
export type Cluster = Readonly<{
  /** Null where a real event store is named by CUSTODY_TEST_EVENTSTORE: it does no wrong at our command. */
  standIn: StandIn | null
  postgres: TestPostgres
  nodes: readonly Stack[]
  /** What a further node would be configured with: a data directory of its own, all else shared. */
  configurationOf(name: string): Configuration
  /** The same for a process of its own. */
  environmentOf(name: string): Readonly<Record<string, string>>
  /** The settings of embedded stores that use the same keys. */
  embedded(name: string): Configuration
  /** Opens one more node. */
  join(name: string, options?: OpenOptions): Promise<Stack>
  dispose(): Promise<void>
}>

export type ClusterOptions = Readonly<{
  nodes?: number
  /** The example policy is published, announced and in force. */
  policy?: boolean
  controller?: string
  /** More of the environment: CUSTODY_… */
  environment?: Readonly<Record<string, string>>
  open?: (node: number) => OpenOptions
}>

/** Starts the servers and opens the nodes; some four seconds. */
export async function openCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const { nodes: count = 2, policy = true, controller = symphony } = options
  const directory = mkdtempSync(join(tmpdir(), 'custody-cluster-'))
  const standIn = realEventStore
    ? null
    : await StandIn.start({ path: join(directory, 'eventstore.journal') })
  const postgres = await startPostgres()
  // Real ones are shared with other tests: each cluster has names of its own.
  const mark = randomBytes(6).toString('hex')
  const environment = {
    CUSTODY_EVENTSTORE: realEventStore ?? standIn!.connectionString,
    CUSTODY_EVENTSTORE_NAMESPACE: `t${mark}`,
    CUSTODY_POSTGRESQL: postgres.connectionString,
    CUSTODY_POSTGRESQL_SCHEMA: `vault_${mark}`,
    CUSTODY_ROOT_KEY: randomBytes(32).toString('base64'),
    CUSTODY_KEYRING: join(directory, 'keys', 'epochs'),
    CUSTODY_NOTARY_KEY_FILE: join(directory, 'keys', 'notary.key'),
    CUSTODY_BACKUPS: join(directory, 'backups'),
    CUSTODY_LOG_LEVEL: 'silent',
    ...options.environment,
  }
  const environmentOf = (name: string) => ({
    ...environment,
    CUSTODY_DATA: join(directory, name),
    CUSTODY_CONTROLLER: controller,
  })
  const configurationOf = (name: string) => configure(environmentOf(name))
  const nodes: Stack[] = []
  const open = async (name: string, how: OpenOptions = {}) => {
    const node = await stackOn(configurationOf(name), join(directory, name), how)
    nodes.push(node)
    return node
  }
  if (count > 0) {
    const how = { configuration: configurationOf('node-0'), policy, open: options.open?.(0) }
    nodes.push(await openStack(how))
  }
  for (let node = 1; node < count; node += 1) await open(`node-${node}`, options.open?.(node))
  return {
    standIn,
    postgres,
    nodes: [...nodes],
    configurationOf,
    environmentOf,
    embedded: (name) => configure(withoutCluster(environmentOf(name))),
    join: open,
    async dispose() {
      for (const node of nodes) await node.close().catch(() => {})
      await standIn?.kill()
      await postgres.dispose()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function withoutCluster(environment: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !/^CUSTODY_(EVENTSTORE|POSTGRESQL)/.test(name)),
  )
}
