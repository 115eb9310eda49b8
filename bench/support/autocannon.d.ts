/** What the benchmarks use of autocannon, which comes without types. */
declare module 'autocannon' {
  type Client = { setRequests(requests: readonly { body: string }[]): void }
  type Options = {
    url: string
    method: string
    headers: Record<string, string>
    connections: number
    /** In seconds. */
    duration: number
    setupClient: (client: Client) => void
  }
  type Result = {
    '2xx': number
    non2xx: number
    errors: number
    timeouts: number
    duration: number
    /** In milliseconds. */
    latency: { p50: number; p99: number }
  }
  export default function autocannon(options: Options): Promise<Result>
}
