/**
 * Which room may import which, as ARCHITECTURE.md lists them. A room not named here may import nothing
 * of the others; packages are listed by room as well. The table and this file change together.
 */
const rooms = {
  domain: { rooms: [], packages: ['zod', 'luxon'], core: [] },
  proof: { rooms: [], packages: [], core: ['crypto', 'buffer'] },
  files: { rooms: [], packages: [], core: ['crypto', 'fs', 'path'] },
  sqlite: {
    rooms: ['files'],
    packages: [],
    core: ['sqlite', 'worker_threads', 'events', 'crypto', 'fs', 'path'],
  },
  ledger: {
    rooms: ['domain', 'sqlite'],
    packages: ['zod', 'uuid', '@eventstore'],
    core: ['sqlite', 'worker_threads', 'timers', 'events', 'fs', 'path', 'buffer'],
  },
  vault: {
    rooms: ['domain', 'proof', 'sqlite', 'files'],
    packages: ['zod', 'libphonenumber-js', 'pg'],
    core: [
      'sqlite',
      'worker_threads',
      'crypto',
      'timers',
      'events',
      'fs',
      'path',
      'url',
      'net',
      'buffer',
    ],
  },
  notary: {
    rooms: ['domain', 'ledger', 'proof', 'sqlite', 'files'],
    packages: ['zod'],
    core: ['sqlite', 'crypto', 'worker_threads', 'timers', 'events', 'fs', 'os', 'path', 'buffer'],
  },
  projections: {
    rooms: ['domain', 'ledger', 'sqlite'],
    packages: ['zod', 'yaml'],
    core: ['sqlite', 'worker_threads', 'timers', 'events', 'fs', 'path', 'buffer', 'crypto'],
  },
  application: {
    rooms: ['domain', 'ledger', 'vault', 'projections'],
    packages: ['zod', 'yaml'],
    core: ['crypto', 'timers'],
  },
  reports: {
    rooms: ['domain', 'projections', 'application'],
    packages: ['zod', 'luxon', 'preact', 'preact-render-to-string', 'csv-stringify', 'cli-table3'],
    core: ['crypto', 'fs', 'path', 'stream', 'events'],
  },
  evidence: {
    rooms: ['domain', 'ledger', 'proof', 'notary', 'projections', 'reports', 'application'],
    packages: ['zod', 'preact'],
    core: ['fs', 'os', 'path', 'timers', 'buffer'],
  },
  jobs: {
    rooms: ['domain', 'projections', 'application', 'reports', 'notary'],
    packages: [],
    core: ['crypto', 'timers'],
  },
  migration: {
    rooms: [
      'ledger',
      'vault',
      'notary',
      'proof',
      'domain',
      'sqlite',
      'files',
      'config.ts',
      'keys.ts',
    ],
    packages: [],
    core: ['sqlite', 'fs', 'path'],
  },
  metrics: { rooms: ['ledger'], packages: ['prom-client'], core: [] },
  tracing: {
    rooms: ['domain', 'ledger', 'vault', 'notary', 'projections', 'application'],
    packages: ['@opentelemetry'],
    core: ['async_hooks', 'crypto'],
  },
  webhooks: {
    rooms: ['domain'],
    packages: [],
    core: ['crypto', 'dns', 'http', 'https', 'net'],
  },
  import: {
    rooms: ['domain', 'application', 'vault'],
    packages: ['zod', 'luxon', 'yaml', 'csv-parse'],
    core: ['fs', 'path', 'stream', 'zlib', 'readline', 'crypto', 'events', 'buffer', 'util'],
  },
  api: {
    rooms: [
      'domain',
      'projections',
      'application',
      'reports',
      'vault',
      'notary',
      'proof',
      'evidence',
    ],
    packages: ['zod', 'fastify', 'fastify-type-provider-zod', '@fastify', 'pino', 'uuid'],
    core: ['crypto', 'stream', 'http', 'net', 'timers', 'events', 'buffer'],
  },
  cli: {
    rooms: [
      'domain',
      'projections',
      'application',
      'reports',
      'jobs',
      'notary',
      'proof',
      'evidence',
      'import',
      'api',
      'metrics',
      'migration',
      'tracing',
      'files',
      'main.ts',
      'restore.ts',
      'config.ts',
    ],
    packages: ['zod', 'yaml', 'uuid', 'commander', 'cli-progress', 'cli-table3', 'luxon'],
    core: ['crypto', 'fs', 'module', 'path', 'stream', 'process', 'url'],
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
    comment: `src/${room} may import only the packages ${allowed.packages.join(', ') || '(none)'}`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: {
      dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'npm-no-pkg', 'npm-unknown', 'unknown'],
      pathNot: `^node_modules/(${any(allowed.packages) || '-'})/`,
    },
  },
  {
    name: `${room}-core`,
    comment: `src/${room} may import only these of Node: ${allowed.core.join(', ') || '(none)'}`,
    severity: 'error',
    from: { path: `^src/${room}/` },
    to: {
      dependencyTypes: ['core'],
      pathNot: `^(node:)?(${any(allowed.core) || '-'})(/|$)`,
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
      name: 'event-store-driver',
      comment: 'one file knows the driver of EventStoreDB, and keeps its traps away from the rest',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/ledger/eventstore/driver\\.ts$' },
      to: { path: '^node_modules/@eventstore/' },
    },
    {
      name: 'postgresql-driver',
      comment: 'one file knows the driver of PostgreSQL',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/vault/postgres/driver\\.ts$' },
      to: { path: '^node_modules/(@types/)?pg/' },
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
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
}
