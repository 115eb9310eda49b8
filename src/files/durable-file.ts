import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
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

/**
 * `writeDurably`, whole or not at all, in a directory that is made where it is missing.
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

/**
 * Overwrites every file of a directory and takes it away, with what is in it. One that is not there is
 * gone already. A file system that keeps older blocks (snapshots, wear levelling) keeps them still.
 */
export function destroyDirectory(directory: string): void {
  if (!existsSync(directory)) return
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) destroyDirectory(path)
    else destroyFile(path)
  }
  rmdirSync(directory)
  syncDirectory(dirname(directory))
}

/** Overwrites a file and takes it away; one that is not there is gone already. */
export function destroyFile(file: string): void {
  if (!existsSync(file)) return
  overwriteDurably(file)
  rmSync(file)
  syncDirectory(dirname(file))
}

/** Puts the names in a directory on the disk. */
export function syncDirectory(directory: string): void {
  syncFile(directory)
}

/** Puts what a file holds on the disk. */
export function syncFile(file: string): void {
  const descriptor = openSync(file, 'r')
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

function write(file: string, text: string): void {
  const descriptor = openSync(file, 'w', 0o600)
  try {
    writeFileSync(descriptor, text)
    fsyncSync(descriptor)
  } finally {
    closeSync(descriptor)
  }
}

/** With every symbolic link followed, also where the last parts do not exist yet. */
function realPath(path: string): string {
  if (statSync(path, { throwIfNoEntry: false })) return realpathSync(path)
  const parent = dirname(path)
  return parent === path ? path : join(realPath(parent), basename(path))
}
