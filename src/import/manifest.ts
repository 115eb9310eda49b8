import { glob, readFile, stat } from 'node:fs/promises'
import path from 'node:path'
import { z } from 'zod'
import { ControllerId } from '../domain/values.ts'
import { combinedLogColumns } from './combined-log.ts'
import { CsvReader } from './csv.ts'
import { Mapping, parseYaml, type Problem } from './mapping.ts'
import { openBytes } from './open-bytes.ts'
import { physicalLines } from './physical-lines.ts'

/** The list of mapping files of one controller's import, in the order in which they are read. */
const Manifest = z.strictObject({
  controller: ControllerId,
  title: z.string().max(200).optional(),
  /** Where the exports lie, from the manifest. */
  directory: z.string().min(1),
  mappings: z.array(z.string().min(1)).min(1),
})

/** One file to import. `file` is its name below the directory; it stands in reports. */
export type SourceFile = Readonly<{ file: string; path: string; bytes: number; mapping: Mapping }>

/** An import that can begin: every mapping is sound and every file is there with its columns. */
export type PreparedImport = Readonly<{
  controller: ControllerId
  files: readonly SourceFile[]
  /** On disk, compressed as the files are. */
  totalBytes: number
}>

export type Preparation =
  | Readonly<{ ready: true; plan: PreparedImport }>
  | Readonly<{ ready: false; problems: readonly Problem[] }>

/**
 * Reads a manifest, its mappings and the beginnings of the files. Everything that is wrong is told
 * at once, before a row is read.
 * @throws when a file that exists cannot be read
 */
export async function prepareImport(manifestPath: string): Promise<Preparation> {
  const base = path.dirname(manifestPath)
  const text = await readText(manifestPath)
  if (text === null) return missing(path.basename(manifestPath))
  const manifest = parseYaml(Manifest, text, path.basename(manifestPath))
  if (!manifest.ok) return { ready: false, problems: manifest.problems }
  const directory = path.join(base, manifest.value.directory)
  const problems: Problem[] = []
  const files: SourceFile[] = []
  for (const name of manifest.value.mappings) {
    const mapping = await loadMapping(path.join(base, name), name)
    if (mapping.ok) await addFiles(mapping.value, name, directory, files, problems)
    else problems.push(...mapping.problems)
  }
  problems.push(...repeated(files))
  if (problems.length > 0) return { ready: false, problems }
  const totalBytes = files.reduce((sum, { bytes }) => sum + bytes, 0)
  return { ready: true, plan: { controller: manifest.value.controller, files, totalBytes } }
}

async function loadMapping(file: string, name: string): Promise<ReturnType<typeof parseMapping>> {
  const text = await readText(file)
  if (text === null) return { ok: false, problems: missing(name).problems }
  return parseMapping(text, name)
}

/** Parses a mapping file; `name` stands in the problems. */
export function parseMapping(
  text: string,
  name: string,
): { ok: true; value: Mapping } | { ok: false; problems: readonly Problem[] } {
  return parseYaml(Mapping, text, name)
}

async function addFiles(
  mapping: Mapping,
  name: string,
  directory: string,
  files: SourceFile[],
  problems: Problem[],
): Promise<void> {
  const found = (await Array.fromAsync(glob(mapping.file, { cwd: directory }))).sort()
  if (found.length === 0)
    problems.push({ file: name, path: 'file', rule: `no such file: ${mapping.file}` })
  for (const file of found) {
    const location = path.join(directory, file)
    const { size } = await stat(location)
    files.push({ file, path: location, bytes: size, mapping })
    for (const rule of await columnFaults(location, mapping))
      problems.push({ file, path: 'columns', rule })
  }
}

/** What is wrong between the columns of the file and those of the mapping. */
async function columnFaults(location: string, mapping: Mapping): Promise<string[]> {
  if (mapping.format === 'ndjson') return []
  if (mapping.format === 'combined-log') {
    const known: readonly string[] = combinedLogColumns
    return mapping.columns
      .filter((column) => !known.includes(column))
      .map((column) => `'${column}' is no column of the Combined Log Format`)
  }
  const header = await readHeader(location, mapping)
  if (!header) return ['the file has no header that can be read']
  const faults = mapping.columns
    .filter((column) => !header.includes(column))
    .map((column) => `the file has no column '${column}'`)
  for (const [index, column] of header.entries()) {
    if (header.indexOf(column) !== index) faults.push(`the file has the column '${column}' twice`)
    else if (!mapping.columns.includes(column))
      faults.push(`the mapping does not know the column '${column}'`)
  }
  return faults
}

async function readHeader(
  location: string,
  mapping: Extract<Mapping, { format: 'csv' }>,
): Promise<readonly string[] | null> {
  const reader = new CsvReader(mapping.delimiter)
  for await (const { lines, charset } of physicalLines(
    openBytes(location).bytes,
    mapping.charset,
  )) {
    const rows = reader.push(lines, charset)
    if (reader.columns || rows.length > 0) break
  }
  return reader.columns
}

function repeated(files: readonly SourceFile[]): Problem[] {
  const names = files.map(({ file }) => file)
  return names
    .filter((name, index) => names.indexOf(name) !== index)
    .map((file) => ({ file, path: 'file', rule: 'two mappings read this file' }))
}

async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8')
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null
    throw new Error(`couldn't read ${path.basename(file)}`, { cause })
  }
}

function missing(file: string): { ready: false; problems: Problem[] } {
  return { ready: false, problems: [{ file, path: '', rule: 'there is no such file' }] }
}
