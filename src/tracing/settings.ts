/** In which form traces are handed over; the standard's own default is protobuf. */
export type TracingSettings = Readonly<{ protocol: 'http/protobuf' | 'http/json' }>

type Environment = Readonly<Record<string, string | undefined>>

/**
 * Whether traces are asked for, by OpenTelemetry's own variables: an endpoint is named, and nothing says that
 * it should be off. The kit reads the other ones itself (sampler, batches, headers, limits).
 *
 * @param environment usually `process.env`
 * @returns null: off. `wrong` names a variable and its rule, never its value
 */
export function tracingSettings(
  environment: Environment,
): TracingSettings | Readonly<{ wrong: string }> | null {
  const endpoint =
    said(environment, 'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT') ??
    said(environment, 'OTEL_EXPORTER_OTLP_ENDPOINT')
  if (endpoint === null) return null
  if (said(environment, 'OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return null
  const exporter = said(environment, 'OTEL_TRACES_EXPORTER') ?? 'otlp'
  if (exporter === 'none') return null
  if (exporter !== 'otlp') return { wrong: 'OTEL_TRACES_EXPORTER: must be otlp or none' }
  if (!/^https?:\/\//.test(endpoint) || !URL.canParse(endpoint)) {
    return { wrong: 'OTEL_EXPORTER_OTLP_ENDPOINT: must be a URL, http:// or https://' }
  }
  const variable =
    said(environment, 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL') === null
      ? 'OTEL_EXPORTER_OTLP_PROTOCOL'
      : 'OTEL_EXPORTER_OTLP_TRACES_PROTOCOL'
  const protocol = said(environment, variable) ?? 'http/protobuf'
  if (protocol === 'http/protobuf' || protocol === 'http/json') return { protocol }
  return { wrong: `${variable}: must be http/protobuf or http/json` }
}

/** Set to nothing is as not set. */
function said(environment: Environment, name: string): string | null {
  const value = environment[name]?.trim()
  return value === undefined || value === '' ? null : value
}
