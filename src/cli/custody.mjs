#!/usr/bin/env node
// The entry point checks the version before anything that older ones cannot load.
const [major] = process.versions.node.split('.').map(Number)
if (major < 24) {
  console.error(
    `custody needs Node 24 or newer; this is ${process.version}.\n` +
      'In a clone: run `npm ci` once, then `npm run custody -- …`, which brings its own Node.',
  )
  process.exit(3)
}
const { main } = await import('./program.ts')
process.exitCode = await main(process.argv)
