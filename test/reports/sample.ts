import { reportTable, type Report } from '../../src/reports/report.ts'
import type { ControllerId, Position } from '../../src/domain/values.ts'

/** A report made by hand, for the writers: every sort of cell, and values that mean harm. */
export function sample(over: Partial<Report> = {}): Report {
  return {
    kind: 'audit',
    title: 'A <script>alert(1)</script> title',
    about: ['About & so on.'],
    controller: 'shop' as ControllerId,
    position: 12 as Position,
    parameters: { zone: 'UTC', from: null },
    figures: [
      { name: 'all', label: 'All', value: 1_234_567 },
      { name: 'bad', label: 'Bad', value: 2, alarm: true },
    ],
    tables: [
      reportTable({
        name: 'rows',
        caption: 'Some "rows"',
        columns: [
          { key: 'name', heading: 'Name' },
          { key: 'list', heading: 'List', as: 'key' },
          { key: 'count', heading: 'Count', as: 'number' },
          { key: 'yes', heading: 'Yes' },
          { key: 'none', heading: 'None' },
          { key: 'id', heading: 'Id', as: 'code', shown: 'files' },
        ],
        rows: () => hostile.map((name, place) => rowOf(name, place)),
      }),
      reportTable({
        name: 'nothing',
        caption: 'Nothing',
        empty: 'There is nothing.',
        columns: [{ key: 'name', heading: 'Name' }],
        rows: () => [],
      }),
    ],
    ...over,
  }
}

/** Values that a spreadsheet, a browser or a terminal would act upon. */
export const hostile = [
  '=HYPERLINK("http://evil.example","x")',
  "+1+cmd|' /C calc'!A0",
  '-2+3',
  '@SUM(A1)',
  '\t=1',
  '<img src=x onerror=alert(1)>',
  'a "quoted", line\nbreak',
  'red \u001b[31m',
] as const

function rowOf(name: string, place: number) {
  return {
    none: null,
    yes: place % 2 === 0,
    count: place * 1_000,
    list: ['a.b', 'c'],
    name,
    id: 'e',
  }
}
