import { h, type ComponentChild } from 'preact'
import type { Envelope } from '../domain/envelope.ts'
import { headOfNote } from '../notary/checkpoint-event.ts'
import { factList, page, parameterPairs, reportMain, tableSection } from '../reports/page.ts'
import type { Report } from '../reports/report.ts'
import { grouped, momentWords } from '../reports/wording.ts'
import type { Underived } from './derive.ts'
import { tablesOf } from './page-tables.ts'
import { notProven, proven, questionWords } from './page-words.ts'
import type { Question } from './question.ts'

/** What a page is made of: a bundle, and what was derived of it. */
export type PageParts = Readonly<{
  bundle: Underived
  question: Question
  /** Of the tree that was signed. */
  size: number
  /** The bundle's events, in its order. */
  events: readonly Envelope[]
  report: Report
}>

/**
 * The page of a bundle, for people: what was asked, what is proved and what is not, and how to check it; the
 * report; the values that were disclosed, the events, the policies and the signed checkpoint. It says
 * nothing that does not follow from the rest of the bundle.
 */
export function evidencePage(parts: PageParts): string {
  const { bundle, report } = parts
  const tables = tablesOf(parts)
  const inBundle = () => 'that this page came in'
  const inReport = () => 'that custody verify writes with --report'
  return page(`Evidence: ${report.title}`, [
    h('header', null, [
      h('p', { class: 'mark' }, 'Custody · evidence'),
      h('h1', null, report.title),
      h('p', { class: 'about' }, questionWords(parts.question)),
      ...report.about.map((text) => h('p', { class: 'about' }, text)),
      factsOf(parts),
    ]),
    h('main', null, [
      ...claims('What is proved', proven(parts)),
      ...claims('What is not proved', notProven(parts.question)),
      ...checking(bundle.controller),
      h(
        'div',
        { class: 'tables' },
        tables.disclosed.map((table) => tableSection(table, inBundle)),
      ),
      ...reportMain(report, inReport),
      h(
        'div',
        { class: 'tables' },
        tables.proof.map((table) => tableSection(table, inBundle)),
      ),
      ...documents(parts.events),
      h('h2', null, 'The signed checkpoint'),
      h('pre', { class: 'code' }, bundle.checkpoint),
    ]),
    h('footer', null, footer(bundle.controller)),
  ])
}

function factsOf({ bundle, size, report }: PageParts): ComponentChild {
  const signed = headOfNote(bundle.checkpoint)
  return factList([
    ['Controller', bundle.controller],
    ['Log', signed?.origin ?? 'unknown'],
    ['Signed', signed ? momentWords(signed.at) : 'unknown'],
    ['Events in the log at that time', grouped(size)],
    ['Root of the log', signed?.root.toString('base64') ?? 'unknown'],
    ['Events in this bundle', grouped(bundle.events.length)],
    ...parameterPairs(report.parameters),
  ])
}

function claims(title: string, texts: readonly string[]): readonly ComponentChild[] {
  return [
    h('h2', null, title),
    h(
      'ul',
      null,
      texts.map((text) => h('li', null, text)),
    ),
  ]
}

function checking(controller: string): readonly ComponentChild[] {
  return [
    h('h2', null, 'How to check it'),
    h(
      'p',
      null,
      `A page can be altered; the bundle that it comes in cannot, without being found out. Have the public key of the log from ${controller} in another way than with this bundle, and run:`,
    ),
    h('pre', { class: 'code' }, 'custody verify BUNDLE --key KEY --page PAGE.html'),
    h(
      'p',
      null,
      'It needs no network and nothing else of Custody. It checks every event, derives this page and the report again from them, and compares each byte.',
    ),
  ]
}

/** The text of each version of the policy, as it was published. */
function documents(events: readonly Envelope[]): readonly ComponentChild[] {
  return events.flatMap((event) =>
    event.type === 'PolicyPublished'
      ? [
          h('details', null, [
            h('summary', null, `The policy of ${event.data.version}, as published`),
            h('pre', { class: 'code' }, event.data.document),
          ]),
        ]
      : [],
  )
}

function footer(controller: string): string {
  return `Derived from the events in this bundle and from nothing else. A position here is the place of an event in the log of ${controller}, counted from 1: the ledger’s own positions count the events of all controllers and are not part of what is signed. People are named by pseudonym. Times are in UTC.`
}
