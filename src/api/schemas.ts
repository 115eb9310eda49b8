import { z } from 'zod'
import { Line, SubjectReference } from '../application/lines.ts'

/** Names in the document for what other rooms define. Registering changes nothing about the schemas. */

/** A line of a source system. */
export const ActLine = Line.register(z.globalRegistry, {
  id: 'Act',
  description: 'What a source system says: one thing that happened, or is asked for.',
})

/** A person, named by identifiers or by the pseudonym. */
export const Subject = SubjectReference.register(z.globalRegistry, {
  id: 'SubjectReference',
  description: 'A person, by identifiers of theirs or by the pseudonym.',
})
