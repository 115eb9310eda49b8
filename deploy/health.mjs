// Whether the process serves, for the container's health check: exit code 0 if it does.
const port = process.env.CUSTODY_PORT ?? '8040'
try {
  const answer = await fetch(`http://127.0.0.1:${port}/healthz`, {
    signal: AbortSignal.timeout(4_000),
  })
  process.exitCode = answer.ok ? 0 : 1
} catch {
  process.exitCode = 1
}
