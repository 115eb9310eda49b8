import { reportTable, type ReportTable } from '../reports/report.ts'
import type { PageParts } from './page.ts'

type Values = Readonly<Record<string, unknown>>

/** The tables of a bundle beside those of its report. */
export function tablesOf(parts: PageParts): Readonly<{
  disclosed: readonly ReportTable[]
  proof: readonly ReportTable[]
}> {
  const { disclosures } = parts.bundle
  return {
    disclosed: disclosures.length > 0 ? [disclosedTable(parts)] : [],
    proof: [policiesTable(parts), eventsTable(parts)],
  }
}

function disclosedTable({ bundle: { disclosures } }: PageParts): ReportTable {
  return reportTable({
    name: 'disclosed',
    caption: 'Values that were disclosed for this bundle',
    note: 'These are personal data in clear. That they were read is an event in the person’s stream.',
    columns: [
      { key: 'category', heading: 'Category', as: 'key' },
      { key: 'field', heading: 'Field', as: 'key' },
      { key: 'value', heading: 'Value' },
      { key: 'event', heading: 'Sealed in the event', as: 'code' },
    ],
    rows: function* () {
      for (const { event, category, text } of disclosures) {
        for (const [field, value] of Object.entries(valuesOf(text))) {
          const spelt = typeof value === 'string' ? value : JSON.stringify(value)
          yield { category, field, value: spelt, event }
        }
      }
    },
  })
}

/** What was sealed is an object of values; whatever else it should be is shown as it is. */
function valuesOf(text: string): Values {
  try {
    const values: unknown = JSON.parse(text)
    const isObject = typeof values === 'object' && values !== null && !Array.isArray(values)
    return isObject ? (values as Values) : { '': text }
  } catch {
    return { '': text }
  }
}

function policiesTable({ events }: PageParts): ReportTable {
  return reportTable({
    name: 'policies',
    caption: 'Versions of the policy',
    columns: [
      { key: 'version', heading: 'Version', as: 'day' },
      { key: 'effective', heading: 'To take effect', as: 'day' },
      { key: 'tookEffect', heading: 'In force from', as: 'day' },
      { key: 'digest', heading: 'SHA-256 of its text', as: 'code' },
    ],
    rows: function* () {
      for (const event of events) {
        if (event.type !== 'PolicyPublished') continue
        const { version, effective, digest } = event.data
        yield { version, effective, tookEffect: tookEffect(event.stream, version), digest }
      }
    },
  })

  function tookEffect(stream: string, version: string): string | null {
    for (const event of events) {
      if (event.type !== 'PolicyTookEffect' || event.stream !== stream) continue
      if (event.data.version === version) return event.data.from
    }
    return null
  }
}

function eventsTable({ events }: PageParts): ReportTable {
  return reportTable({
    name: 'events',
    caption: 'The events of this bundle',
    columns: [
      { key: 'place', heading: 'Position', as: 'number' },
      { key: 'recordedAt', heading: 'Recorded', as: 'moment' },
      { key: 'type', heading: 'What', as: 'words' },
      { key: 'stream', heading: 'Stream', as: 'code' },
      { key: 'revision', heading: 'Revision', as: 'number' },
      { key: 'event', heading: 'Event', as: 'code' },
    ],
    rows: function* () {
      for (const { position: place, recordedAt, type, stream, revision, id: event } of events) {
        yield { place, recordedAt, type, stream, revision, event }
      }
    },
  })
}
