import { randomBytes } from 'node:crypto'
import { closeSync, existsSync, linkSync, openSync, readdirSync, rmSync } from 'node:fs'
import { basename, dirname, join, resolve } from 'node:path'
import { syncDirectory, syncFile } from './durable-file.ts'

/**
 * Makes a file that takes a while to write. It has its name when it is whole and on the disk; only its
 * owner may read it. What earlier attempts that were stopped have left beside it is removed.
 *
 * @param fill writes into the empty file of another name that it is handed
 * @throws Error when there is a file of that name already, or what `fill` throws
 */
export async function createWhole(
  path: string,
  fill: (partial: string) => Promise<void>,
): Promise<void> {
  const target = resolve(path)
  // Another copy to the same name may be under way: none is taken for the other's.
  const partial = `${target}.${randomBytes(6).toString('hex')}.partial`
  try {
    if (existsSync(target)) throw new Error('there is a file of that name already')
    removePartials(target)
    closeSync(openSync(partial, 'wx', 0o600))
    await fill(partial)
    syncFile(partial)
    // A name that another copy took meanwhile is not taken from it.
    linkSync(partial, target)
    rmSync(partial)
    syncDirectory(dirname(target))
  } catch (error) {
    if (existsSync(partial)) removePartials(target)
    throw error
  }
}

/** What copies that were stopped, or that failed, have left. */
function removePartials(target: string): void {
  const directory = dirname(target)
  for (const name of readdirSync(directory)) {
    const isPartial = name.startsWith(`${basename(target)}.`) && /\.partial(-\w+)?$/.test(name)
    if (isPartial) rmSync(join(directory, name), { force: true })
  }
}
