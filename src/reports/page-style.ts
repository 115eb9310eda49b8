/** The style of a printed report: stands in the page itself, so that the file can be handed on alone. */
export const pageStyle = `
:root { --ink: #1b1f24; --soft: #57606a; --rule: #d5d9de; --wash: #f4f6f8; --accent: #1f4b7a; --alarm: #9a2b1f; }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 74rem; padding: 3rem 2.5rem 4rem; color: var(--ink); background: #fff;
  font: 15px/1.5 "Source Sans 3", "Segoe UI", "Helvetica Neue", Arial, "Liberation Sans", "DejaVu Sans", sans-serif; }
header { border-bottom: 3px solid var(--accent); padding-bottom: 1.5rem; margin-bottom: 2rem; }
.mark { color: var(--accent); font-size: .8rem; font-weight: 700; letter-spacing: .12em; text-transform: uppercase; margin: 0; }
h1 { font-size: 1.9rem; line-height: 1.2; margin: .3rem 0 1rem; font-weight: 650; letter-spacing: -.01em; }
header p.about { max-width: 50rem; margin: 0 0 .7rem; color: #30363d; }
dl.facts { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1.5rem; margin: 1.2rem 0 0; font-size: .9rem; }
dl.facts dt { color: var(--soft); }
dl.facts dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
h2 { font-size: 1.15rem; margin: 0 0 .8rem; font-weight: 650; }
ul.figures { list-style: none; padding: 0; margin: 0 0 2rem; display: grid; gap: .8rem;
  grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); }
ul.figures li { background: var(--wash); border-left: 4px solid var(--accent); padding: .7rem .9rem; }
ul.figures li.alarm { border-left-color: var(--alarm); background: #fbf1ef; }
ul.figures b { display: block; font-size: 1.6rem; line-height: 1.2; font-variant-numeric: tabular-nums; }
ul.figures li.alarm b { color: var(--alarm); }
ul.figures span { color: var(--soft); font-size: .87rem; }
nav ol { columns: 2; column-gap: 3rem; padding: 0; margin: 0 0 2.5rem; list-style: none; font-size: .9rem; }
nav li { display: flex; justify-content: space-between; gap: 1rem; border-bottom: 1px dotted var(--rule); padding: .15rem 0; break-inside: avoid; }
nav a { color: var(--accent); text-decoration: none; }
nav a:hover { text-decoration: underline; }
nav span { color: var(--soft); font-variant-numeric: tabular-nums; white-space: nowrap; }
.tables { display: grid; grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 2.6rem 3rem; margin-bottom: 3rem; }
section { grid-column: 1 / -1; min-width: 0; }
section.half { grid-column: auto; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .85rem; line-height: 1.4; }
caption { text-align: left; font-size: 1.1rem; font-weight: 650; padding: 0 0 .5rem; }
caption small { display: block; font-weight: 400; font-size: .85rem; color: var(--soft); max-width: 46rem; }
th, td { text-align: left; vertical-align: top; padding: .38rem .7rem .38rem 0; border-bottom: 1px solid var(--rule); }
thead th { border-bottom: 2px solid var(--ink); font-weight: 650; font-size: .78rem; vertical-align: bottom; }
tbody th { font-weight: 400; }
tr > :last-child { padding-right: 0; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.moment, .day { white-space: nowrap; font-variant-numeric: tabular-nums; }
.code { font: .9em/1.45 "Source Code Pro", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace; }
.bar { width: 60%; }
.bar div { display: grid; grid-template-columns: 4.5rem 1fr; gap: .8rem; align-items: center; }
.bar i { display: block; height: .7rem; background: var(--accent); opacity: .75; min-width: 2px; print-color-adjust: exact; -webkit-print-color-adjust: exact; }
.empty { color: var(--soft); }
.more { font-size: .85rem; color: var(--soft); margin: .5rem 0 0; }
.none { color: #9aa2ab; }
pre { font: .78rem/1.45 "Source Code Pro", Menlo, Consolas, "Liberation Mono", "DejaVu Sans Mono", monospace;
  background: var(--wash); padding: .8rem 1rem; white-space: pre-wrap; overflow-wrap: anywhere; margin: .6rem 0 1.6rem; }
summary { cursor: pointer; margin-bottom: .6rem; }
footer { border-top: 1px solid var(--rule); padding-top: 1rem; color: var(--soft); font-size: .82rem; max-width: 50rem; }
@page { size: A4 landscape; margin: 16mm 14mm 18mm;
  @bottom-right { content: counter(page) " / " counter(pages); font: 8pt Arial, sans-serif; color: #57606a; } }
@media print {
  body { max-width: none; padding: 0; font-size: 9.5pt; }
  nav { display: none; }
  .wide { overflow: visible; }
  .tables { display: block; }
  section { margin-bottom: 1.6rem; }
  section.half { break-inside: avoid; max-width: 60%; }
  thead { display: table-header-group; }
  tr, ul.figures li { break-inside: avoid; }
  caption, h1, h2 { break-after: avoid; }
  ul.figures li, ul.figures li.alarm { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  a { color: inherit; }
}
`
