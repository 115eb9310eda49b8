/**
 * Which room may import which, as ARCHITECTURE.md lists them. A room not named here may import nothing
 * of the others; packages are listed by room as well. The table and this file change together.
 */
const rooms = {
  domain: { rooms: [], packages: ['zod', 'luxon'] },
  sqlite: { rooms: [], packages: ['node:sqlite', 'node:fs', 'node:path'] },
  ledger: {
    rooms: ['domain', 'sqlite'],
    packages: ['zod', 'uuid', 'node:sqlite', 'node:worker_threads', 'node:fs', 'node:timers', 'node:path', 'node:buffer'],
  },
  vault: {
    rooms: ['domain', 'sqlite'],
    packages: ['zod', 'libphonenumber-js', 'node:sqlite', 'node:crypto', 'node:fs', 'node:path', 'node:url', 'node:timers', 'node:buffer', 'node:net'],
  },
  projections: {
    rooms: ['domain', 'ledger', 'sqlite'],
    packages: ['zod', 'yaml', 'node:sqlite', 'node:worker_threads', 'node:fs', 'node:path', 'node:timers', 'node:buffer', 'node:crypto'],
  },
  application: {
    rooms: ['domain', 'ledger', 'vault', 'projections'],
    packages: ['zod', 'yaml', 'node:crypto', 'node:timers'],
  },
  reports: {
    rooms: ['domain', 'projections', 'application'],
    packages: ['zod', 'luxon', 'preact', 'preact-render-to-string', 'csv-stringify', 'cli-table3', 'node:crypto', 'node:fs', 'node:path', 'node:stream', 'node:events'],
  },
  jobs: { rooms: ['domain', 'projections', 'application', 'reports'], packages: ['node:crypto', 'node:timers', 'luxon'] },
  import: {
    rooms: ['domain', 'application', 'vault'],
    packages: ['zod', 'luxon', 'yaml', 'csv-parse', 'node:fs', 'node:path', 'node:stream', 'node:zlib', 'node:readline', 'node:crypto', 'node:events', 'node:buffer', 'node:util'],
  },
  api: {
    rooms: ['domain', 'projections', 'application', 'reports', 'vault'],
    packages: ['zod', 'fastify', 'fastify-type-provider-zod', '@fastify/', 'fastify-plugin', 'pino', 'uuid', 'node:crypto', 'node:stream', 'node:http', 'node:timers', 'node:events', 'node:buffer'],
  },
  cli: {
    rooms: ['domain', 'projections', 'application', 'reports', 'jobs', 'import', 'main.ts', 'api'],
    packages: ['zod', 'yaml', 'commander', 'cli-progress', 'cli-table3', 'luxon', 'node:'],
  },
}

const any = (names) => names.map((name) => name.replaceAll('.', '\\.')).join('|')

const arrows = Object.entries(rooms).flatMap(([room, allowed]) => [
  {
    name: `${room}-rooms`,
    comment: `src/${room} may import only ${allowed.rooms.join(', ') || 'itself'}`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: { path: '^src/', pathNot: `^src/(${any([room, ...allowed.rooms])})(/|$)` },
  },
  {
    name: `${room}-packages`,
    comment: `src/${room} may import only the packages ${allowed.packages.join(', ')}`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: {
      dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core'],
      pathNot: `^(node_modules/)?(${any(allowed.packages.flatMap((name) => [name, name.replace('node:', '')]))})`,
    },
  },
])

export default {
  forbidden: [
    ...arrows,
    {
      name: 'one-driver-file',
      comment: 'a port is not a store: only stores may import drivers',
      severity: 'error',
      from: { path: '^src/(application|api|cli|jobs|reports|import)/' },
      to: { path: '^(node:)?sqlite$' },
    },
    {
      name: 'main-wires',
      comment: 'main.ts wires everything and is imported by entry points only',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(cli/|main\\.ts)' },
      to: { path: '^src/main\\.ts$' },
    },
    {
      name: 'no-cycles',
      comment: 'one direction of imports',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'], extensions: ['.ts', '.js', '.mjs'] },
  },
}
