import { BadConfiguration } from '../config.ts'
import { tracingSettings } from '../tracing/settings.ts'
import type { Tracing } from '../tracing/tracing.ts'

/** A collector that is away is told of this often, in milliseconds. */
const tellEveryMs = 60_000

/**
 * Starts tracing where the environment asks for it; null, and nothing loaded, where it does not.
 *
 * @param onLost hears of spans that the collector did not take
 * @throws BadConfiguration
 */
export async function openTracing(
  environment: Readonly<Record<string, string | undefined>>,
  onLost: (spans: number) => void,
): Promise<Tracing | null> {
  const settings = tracingSettings(environment)
  if (settings === null) return null
  if ('wrong' in settings) throw new BadConfiguration(settings.wrong)
  const { startTracing } = await import('../tracing/start.ts')
  const tell = tellNowAndThen()
  return startTracing({
    ...settings,
    onLost(spans) {
      onLost(spans)
      tell(spans)
    },
  })
}

function tellNowAndThen(): (spans: number) => void {
  let lost = 0
  let toldAt = -Infinity
  return (spans) => {
    lost += spans
    if (performance.now() - toldAt < tellEveryMs) return
    toldAt = performance.now()
    process.stderr.write(`the collector of traces did not take ${lost} spans\n`)
    lost = 0
  }
}
