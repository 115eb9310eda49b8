import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, isAbsolute, join, relative, resolve } from 'node:path'

/**
 * Makes a file for its owner only, whole or not at all; it and its name are on the disk when this returns.
 * @throws Error with the code `EEXIST` when there is one
 */
export function createDurably(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const written = `${file}.${process.pid}.new`
  try {
    write(written, text)
    // Two processes that make it at once: one has it, and the other sees a whole file.
    linkSync(written, file)
  } finally {
    rmSync(written, { force: true })
  }
  syncDirectory(dirname(file))
}

/** Puts a text in a file's place: after a power cut there is the old one or the new one, whole. */
export function replaceDurably(file: string, text: string): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const written = `${file}.new`
  write(written, text)
  renameSync(written, file)
  syncDirectory(dirname(file))
}

/** Whether a path lies in a directory, or is the directory, with every symbolic link followed. */
export function isInside(directory: string, file: string): boolean {
  const path = relative(realPath(resolve(directory)), realPath(resolve(file)))
  return !path.startsWith('..') && !isAbsolute(path)
}

/** The mode of what others than its owner may use, for people; null where only the owner may. */
export function openToOthers(mode: number): string | null {
  if ((mode & 0o077) === 0 || process.platform === 'win32') return null
  return (mode & 0o777).toString(8).padStart(4, '0')
}

function write(file: string, text: string): void {
  const descriptor = openSync(file, 'w', 0o600)
  try {
    writeFileSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r')
  try {
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** Also where the last parts do not exist yet. */
function realPath(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })) return realpathSync(path)
  const parent = dirname(path)
  return parent === path ? path : join(realPath(parent), basename(path))
}
