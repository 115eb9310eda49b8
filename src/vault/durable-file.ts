import {
  closeSync,
  fsyncSync,
  openSync,
  realpathSync,
  statSync,
  writeFileSync,
  fstatSync,
  writeSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'

/**
 * Makes a file for its owner only; the file and its name are on the disk when this returns.
 * @throws Error with the code `EEXIST` when there is one
 */
export function writeDurably(file: string, content: string | Uint8Array): void {
  const descriptor = openSync(file, 'wx', 0o600)
  try {
    writeFileSync(descriptor, content)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
  syncDirectory(dirname(file))
}

/** Overwrites what a file holds with zeros, in place, through to the disk. */
export function overwriteDurably(file: string): void {
  const descriptor = openSync(file, 'r+')
  try {
    const zeros = Buffer.alloc(fstatSync(descriptor).size)
    writeSync(descriptor, zeros, 0, zeros.length, 0)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Puts the names in a directory on the disk. */
export function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Whether a path lies in a directory, or is the directory, with every symbolic link followed. */
export function isInside(directory: string, file: string): boolean {
  const path = relative(realPath(resolve(directory)), realPath(resolve(file)))
  return !path.startsWith('..') && !isAbsolute(path)
}

/** What is wrong with the mode of a file or directory that only its owner may use; null when nothing is. */
export function openToOthers(mode: number): string | null {
  if ((mode & 0o077) === 0 || process.platform === 'win32') return null
  return (mode & 0o777).toString(8).padStart(4, '0')
}

/** With every symbolic link followed, also where the last parts do not exist yet. */
function realPath(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })) return realpathSync(path)
  const parent = dirname(path)
  return parent === path ? path : join(realPath(parent), basename(path))
}
