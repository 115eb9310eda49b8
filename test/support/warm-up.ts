import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../../src/cli/custody.mjs', import.meta.url))

/**
 * Runs before all tests: every thread of Custody is started once, in processes that end well, so that what
 * Node compiles is kept. The compiler of types is WebAssembly, and V8 was seen to abort where many threads
 * of one process load and drop it (`jit_page.has_value()`); threads that find all of it compiled do not.
 */
export default function warmUp(): void {
  // What changed since is compiled anew by whoever is first.
  if (existsSync(process.env['NODE_COMPILE_CACHE'] ?? '')) return
  const directory = mkdtempSync(join(tmpdir(), 'custody-warm-'))
  const run = (...args: string[]) =>
    execFileSync(process.execPath, [program, ...args], {
      stdio: 'pipe',
      env: {
        ...process.env,
        CUSTODY_DATA: join(directory, 'data'),
        CUSTODY_ROOT_KEY_FILE: join(directory, 'keys', 'root.key'),
        CUSTODY_BACKUPS: join(directory, 'backups'),
      },
    })
  try {
    run('token', 'issue', 'warm', '--role', 'auditor')
    run('checkpoint')
    run('backup', 'take', '--store', 'ledger')
    run('verify')
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}
