import { DAY, END, MINUTE, momentBetween, START } from './clock.ts'
import { Random } from './random.ts'
import { kept, Sheet, type Breach } from './sheet.ts'
import { spelled, type Chatter, type World } from './world.ts'
import { written } from './writing.ts'

const openings = [
  'Hello?',
  'My lamp is broken 😞',
  'Where is my order?',
  '注文はどこですか',
  'Hi "team"',
]
const middles = [
  'It says: error 17',
  'I waited\nfor a week',
  'Thanks…',
  'See http://example.org/a?b=1',
]

/**
 * The offline chat (S22), and diagnosing with and without consent (S4): `helpdesk/chats.ndjson`.
 */
export function makeChats(world: World, seed: string): Sheet {
  const random = new Random(`${seed} chats`)
  const sheet = new Sheet()
  let chats = 0
  for (const chatter of world.chatters) {
    let at = momentBetween(random, START + DAY, END - 400 * DAY)
    for (let left = random.between(1, 3); left > 0; left -= 1) {
      chats += 1
      addChat(sheet, random, chatter, `CH-${2000 + chats}`, at)
      at += random.between(3, 100) * DAY
    }
    if (random.chance(0.3)) addDiagnosis(sheet, random, chatter, at)
  }
  addMalformedChats(sheet)
  return sheet
}

function visitorOf(random: Random, { person, customer }: Chatter): object {
  return {
    visitor: {
      name: `${person.given} ${person.family}`,
      email: spelled(random, person.email, `${person.family}, ${person.given}`),
      ...(customer === null ? {} : { customer_id: customer }),
    },
  }
}

function addChat(sheet: Sheet, random: Random, chatter: Chatter, id: string, at: number): void {
  const zone = chatter.person.country.zone
  const messages = [random.pick(openings), random.pick(middles)].map((text, index) => ({
    from: 'visitor',
    at: written.isoIn(at + index * MINUTE, zone),
    text,
  }))
  const chat = { type: 'chat.offline', chat: id, at: written.isoIn(at, zone), messages }
  sheet.add(at, JSON.stringify({ ...chat, ...visitorOf(random, chatter) }), [kept], chatter.person)
  const replied = at + random.between(10, 2000) * MINUTE
  const reply = { type: 'chat.reply', chat: id, at: written.isoIn(replied, zone), agent: 'agent-7' }
  sheet.add(
    replied,
    JSON.stringify({ ...reply, ...visitorOf(random, chatter) }),
    [kept],
    chatter.person,
  )
  if (random.chance(0.2)) {
    const rated = replied + 5 * MINUTE
    const rating = { type: 'chat.rated', chat: id, at: written.isoIn(rated, zone), stars: 4 }
    sheet.add(rated, JSON.stringify({ ...rating, ...visitorOf(random, chatter) }), [], null)
  }
}

/** Whether consent was given, then withdrawn, and when logs of the chat were looked into. */
function addDiagnosis(sheet: Sheet, random: Random, chatter: Chatter, from: number): void {
  const put = (type: string, at: number, breaches: readonly Breach[]) => {
    const record = { type, at: written.isoIn(at, 'UTC'), ...visitorOf(random, chatter) }
    sheet.add(at, JSON.stringify(record), [breaches], chatter.person)
  }
  const unconsented: readonly Breach[] = [['consent_missing', 'S4']]
  if (random.chance(0.15)) put('diagnostics.run', from - DAY, unconsented)
  put('diagnostics.consented', from, kept)
  put('diagnostics.run', from + DAY, kept)
  if (!random.chance(0.4)) return
  put('diagnostics.withdrawn', from + 20 * DAY, kept)
  if (random.chance(0.4)) put('diagnostics.run', from + 25 * DAY, unconsented)
}

function addMalformedChats(sheet: Sheet): void {
  const at = '2015-09-09T10:00:00+02:00'
  const visitor = { name: 'Nobody', email: 'nobody@example.org' }
  sheet.addMalformed('{"type":"chat.offline","messages":[{"text":"cut o', 'broken_json')
  sheet.addMalformed('null', 'not_an_object')
  const bad = { ...visitor, email: 'nobody(at)example.org' }
  sheet.addMalformed(JSON.stringify({ type: 'chat.reply', at, visitor: bad }), 'invalid_email')
  sheet.addMalformed(
    JSON.stringify({ type: 'chat.reply', at: 'yesterday', visitor }),
    'impossible_time',
  )
  sheet.addMalformed(JSON.stringify({ type: 'chat.psychic', at, visitor }), 'no_rule')
  sheet.addMalformed(JSON.stringify({ type: 'chat.reply', at }), 'no_identifier')
}
