import { describe, expect, it } from 'vitest'
import { mappingOf, linesOf, rowsOf } from './support.ts'

const mapping = mappingOf(`
mapping: web
source: web-server
file: access.log
format: combined-log
timeZone: America/Los_Angeles
rules:
  - records:
      - type: log
        occurredAt: { column: time }
        property: www.example.org
        channel: web-server
        kind: visitor
        purposes: [improvement]
        categories: [user.device.ip-address]
`)

const line =
  '192.0.2.7 - - [09/Mar/2015:14:30:05 -0700] "GET /a?b=\\"c\\" HTTP/1.1" 200 512 ' +
  '"https://www.example.org/" "Mozilla/5.0 (X11; \\"odd\\")"'

describe('reading the Combined Log Format', () => {
  it('takes a line apart, and leaves out what is a dash', async () => {
    expect(await rowsOf(`${line}\n`, mapping)).toEqual([
      {
        line: 1,
        cells: {
          host: '192.0.2.7',
          time: '09/Mar/2015:14:30:05 -0700',
          method: 'GET',
          path: '/a?b=\\"c\\"',
          protocol: 'HTTP/1.1',
          status: '200',
          bytes: '512',
          referrer: 'https://www.example.org/',
          agent: 'Mozilla/5.0 (X11; \\"odd\\")',
        },
      },
    ])
  })

  it.each(['garbage', line.replace('[', ''), line.slice(0, -1), line.replace(' 200 ', ' two ')])(
    'sets %.30s aside',
    async (text) => {
      expect(await rowsOf(`${text}\n${line}\n`, mapping)).toMatchObject([
        { line: 1, reason: 'not_log_format', raw: text },
        { line: 2, cells: { status: '200' } },
      ])
    },
  )

  it('reads the time with its own offset', () => {
    expect(linesOf(mapping, { time: '09/Mar/2015:14:30:05 -0700' })).toMatchObject({
      ok: true,
      lines: [{ type: 'log', occurredAt: '2015-03-09T21:30:05.000Z', records: 1 }],
    })
    expect(linesOf(mapping, { time: '30/Feb/2015:14:30:05 -0700' })).toEqual({
      ok: false,
      defect: {
        field: 'time',
        reason: 'impossible_time',
        rule: 'there is no such date or time, or it is in another format',
      },
    })
  })
})
