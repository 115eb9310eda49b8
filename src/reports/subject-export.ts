import { h, type ComponentChild } from 'preact'
import type { SubjectExport } from '../application/services.ts'
import { factList, page } from './page.ts'
import { momentWords, words } from './wording.ts'

type Item = SubjectExport['items'][number]

/**
 * All that is held on a person as JSON, for that person (S30, GDPR Art. 20): two spaces deep, keys in a
 * fixed order. With the page below this is the only report that holds personal values in clear.
 */
export function subjectExportJson(held: SubjectExport): string {
  const { controller, subject, position, items, consents, disclosures } = held
  const ordered = { controller, subject, position, items, consents, disclosures }
  return `${JSON.stringify(ordered, null, 2)}\n`
}

/** The same as a printable page that the person can read. Every value is escaped. */
export function subjectExportPage(held: SubjectExport): string {
  const { controller, subject, position, items, consents, disclosures } = held
  return page('Your data', [
    h('header', null, [
      h('p', { class: 'mark' }, 'Custody · for you personally'),
      h('h1', null, 'Your data'),
      h(
        'p',
        { class: 'about' },
        `This is all the personal data that ${controller} holds on you, what it was collected for, how your consents and objections stand, and to whom data about you was passed.`,
      ),
      factList([
        ['Held by', controller],
        ['Your pseudonym in the ledger', subject],
        ['Ledger position', String(position)],
      ]),
    ]),
    h('main', { class: 'tables' }, [
      table(
        'What is held',
        'Nothing is held on you.',
        ['What', 'Values', 'Collected', 'By', 'For'],
        items.map((item) => [
          h('span', { class: 'code' }, item.category),
          values(item),
          momentWords(item.collectedAt),
          item.source,
          item.purposes.join(', '),
        ]),
      ),
      table(
        'Your consents and objections',
        'You have given no consent and made no objection.',
        ['Purpose', 'How it stands', 'Since'],
        consents.map(({ purpose, status, since }) => [purpose, words(status), momentWords(since)]),
      ),
      table(
        'To whom it was passed',
        'Nothing was passed to anybody.',
        ['Recipient', 'Purpose', 'When', 'What'],
        disclosures.map(({ recipient, purpose, at, categories }) => [
          recipient,
          purpose,
          momentWords(at),
          categories.join(', '),
        ]),
      ),
    ]),
    h('footer', null, 'Times are in UTC.'),
  ])
}

function table(
  caption: string,
  empty: string,
  headings: readonly string[],
  rows: readonly (readonly ComponentChild[])[],
): ComponentChild {
  if (rows.length === 0) {
    return h('section', null, [h('h2', null, caption), h('p', { class: 'empty' }, empty)])
  }
  return h('section', null, [
    h('div', { class: 'wide' }, [
      h('table', null, [
        h('caption', null, caption),
        h('thead', null, [
          h(
            'tr',
            null,
            headings.map((text) => h('th', { scope: 'col' }, text)),
          ),
        ]),
        h(
          'tbody',
          null,
          rows.map(([first, ...others]) =>
            h('tr', null, [
              h('th', { scope: 'row' }, first),
              ...others.map((value) => h('td', null, value)),
            ]),
          ),
        ),
      ]),
    ]),
  ])
}

function values({ values: held, corrected }: Item): ComponentChild {
  if (held === null) return 'not kept here: in the system that collected it, or destroyed'
  return h('div', null, [
    ...Object.entries(held).map(([name, value]) => h('div', null, `${name}: ${plain(value)}`)),
    corrected && h('small', null, 'corrected since'),
  ])
}

function plain(value: unknown): string {
  if (typeof value === 'string') return value
  return Array.isArray(value) ? value.map(plain).join(', ') : JSON.stringify(value)
}
