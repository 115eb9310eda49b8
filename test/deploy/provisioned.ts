import { execFileSync } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'

/** Where a program is: in the path, or where Debian puts servers. Null where it is not installed. */
export function programAt(name: string): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/bin']
  for (const folder of folders) {
    try {
      accessSync(join(folder, name), constants.X_OK)
      return join(folder, name)
    } catch {
      // not here
    }
  }
  return null
}

/** Why a test that needs the program is skipped; null where it is there. */
export function missing(name: string): string | null {
  const reason = `SKIPPED: ${name} is not installed`
  if (programAt(name)) return null
  console.log(reason)
  return reason
}

export const clusterNodes = ['eventstore1', 'eventstore2', 'eventstore3'] as const

/** Runs the script that makes passwords, keys and certificates. @throws Error with what it wrote */
export function provision(
  root: string,
  { postgresql = 'postgresql', args = [] }: { postgresql?: string; args?: readonly string[] } = {},
): string {
  return execFileSync('sh', ['deploy/provision.sh', ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: process.env['PATH'],
      PROVISION_ROOT: root,
      TRUSTED: join(root, 'custody'),
      EVENTSTORE_NODES: clusterNodes.join(' '),
      POSTGRESQL_HOST: postgresql,
    },
  })
}
