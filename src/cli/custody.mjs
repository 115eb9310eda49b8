#!/usr/bin/env node
// The entry point checks the version before anything that older ones cannot load.
import module from 'node:module'
import { fileURLToPath } from 'node:url'

const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `custody needs Node 24 or newer; this is ${process.version}.\n` +
      'In a clone: run `npm ci` once, then `npm run custody -- …`, which brings its own Node.',
  )
  process.exit(3)
}
// What was compiled is kept beside the packages, not where others may write: a start takes half as long.
const cache = fileURLToPath(new URL('../../node_modules/.cache/custody', import.meta.url))
module.enableCompileCache(cache)
// Threads look here.
process.env.NODE_COMPILE_CACHE ??= cache
const { main } = await import('./program.ts')
process.exitCode = await main(process.argv)
