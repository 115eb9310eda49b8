import { DAY, momentBetween, START } from './clock.ts'
import type { Person } from './people.ts'
import { People } from './people.ts'
import { Random } from './random.ts'
import { kept, Sheet, type Breach } from './sheet.ts'
import { spelled } from './world.ts'
import { csvRow, written } from './writing.ts'

export const acmeColumns = ['order', 'placed', 'name', 'email', 'ship to', 'goods', 'form'] as const

const ORDERS = 320
const NOT_VOLUNTEERED: Breach = ['voluntary_act_missing', 'S46']

/**
 * The orders of the visitors of one customer of the platform (S45, S46): `acme-store/orders.csv`.
 */
export function makeAcmeOrders(seed: string): Sheet {
  const random = new Random(`${seed} acme`)
  const people = new People(new Random(`${seed} acme people`))
  const visitors = Array.from({ length: 210 }, () => people.next())
  const sheet = new Sheet()
  for (let made = 0; made < ORDERS; made += 1) {
    const visitor = random.pick(visitors)
    const at = momentBetween(random, START + 200 * DAY, START + 900 * DAY)
    const form = random.chance(0.02) ? '' : 'checkout'
    const row = orderRow(random, visitor, `AC-${7000 + made}`, at, form)
    sheet.add(at, row, [form === '' ? [NOT_VOLUNTEERED] : kept], visitor)
  }
  sheet.addMalformed(
    'AC-1;2015-02-30T10:00:00+00:00;X;x@example.org;;mug;checkout',
    'impossible_time',
  )
  sheet.addMalformed('AC-2;2015-02-20T10:00:00+00:00;X', 'column_count')
  return sheet
}

function orderRow(
  random: Random,
  visitor: Person,
  order: string,
  at: number,
  form: string,
): string {
  const cells = [
    order,
    written.isoIn(at, 'Europe/London'),
    `${visitor.given} ${visitor.family}`,
    spelled(random, visitor.email),
    `${visitor.street}\n${visitor.postalCode} ${visitor.town}`,
    random.pick(['anvil', 'rocket skates', 'giant "rubber" band']),
    form,
  ]
  return csvRow(cells, ';')
}
