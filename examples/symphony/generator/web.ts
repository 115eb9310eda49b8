import { END, momentBetween, START } from './clock.ts'
import { Random } from './random.ts'
import { kept, Sheet } from './sheet.ts'
import { written } from './writing.ts'

const agents = [
  'Mozilla/5.0 (Windows NT 6.1; WOW64; rv:31.0) Gecko/20100101 Firefox/31.0',
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_9_4) AppleWebKit/537.78.2 Safari/537.78.2',
  'Mozilla/5.0 (iPhone; CPU iPhone OS 8_0 like Mac OS X) AppleWebKit/600.1.4 Mobile/12A365',
  'Mozilla/4.0 (compatible; MSIE 8.0; Windows NT 5.1; \\"old\\")',
]
const paths = ['/', '/pricing', '/blog/2015/03/teapots', '/jobs?ref=a%20b', '/contact', '/about']
const referrers = ['-', 'https://www.example.com/search?q=shop', 'http://blog.example.org/', '-']

/** Addresses that are set aside for examples (RFC 5737, RFC 3849). */
const addresses = [
  (n: number) => `192.0.2.${n % 256}`,
  (n: number) => `198.51.100.${n % 256}`,
  (n: number) => `203.0.113.${n % 256}`,
  (n: number) => `2001:db8::${(n % 4096).toString(16)}`,
]

export const webLogs = [
  { file: 'web/access_log-2015.gz', from: START, to: Date.UTC(2016, 0, 1, 8), lines: 3500 },
  { file: 'web/access_log-2016', from: Date.UTC(2016, 0, 1, 8), to: END, lines: 2500 },
] as const

/** One of the two logs of the web servers, in the Combined Log Format. */
export function makeWebLog(log: (typeof webLogs)[number], seed: string): Sheet {
  const random = new Random(`${seed} ${log.file}`)
  const sheet = new Sheet()
  for (let made = 0; made < log.lines; made += 1) {
    const at = momentBetween(random, log.from, log.to)
    const request = `GET ${random.pick(paths)} HTTP/1.1`
    const status = random.pick(['200', '200', '200', '304', '404'])
    const bytes = status === '304' ? '-' : String(random.between(200, 60_000))
    const host = random.pick(addresses)(random.between(0, 4095))
    const [referrer, agent] = [random.pick(referrers), random.pick(agents)]
    const visit = `"${request}" ${status} ${bytes} "${referrer}" "${agent}"`
    const line = `${host} - - [${written.log(at)}] ${visit}`
    sheet.add(at, line, [kept], null)
  }
  sheet.addMalformed('192.0.2.1 - - [09/Mar/2015:14:30:05 -0700] "GET / HT', 'not_log_format')
  sheet.addMalformed('kernel: Out of memory: Kill process 4242 (httpd)', 'not_log_format')
  const tail = '"GET / HTTP/1.1" 200 12 "-" "-"'
  sheet.addMalformed(`192.0.2.1 - - [30/Feb/2015:14:30:05 -0700] ${tail}`, 'impossible_time')
  return sheet
}
