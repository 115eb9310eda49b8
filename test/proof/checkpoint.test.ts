import { generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  formatCheckpoint,
  parseCheckpoint,
  signCheckpoint,
  verifyCheckpoint,
  type Checkpoint,
} from '../../src/proof/checkpoint.ts'
import { cosign, verifyCosignatures } from '../../src/proof/cosignature.ts'
import {
  formatNote,
  parseNote,
  parseVerifierKey,
  verifierKey,
  type Note,
} from '../../src/proof/note.ts'

/** A checkpoint of a public test log, with the cosignatures that public witnesses have given it. */
const real = {
  origin: 'arche2025h1.staging.ct.transparency.dev',
  note: `arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
`,
  key: parseVerifierKey(
    'arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f',
  )!,
  witnesses: [
    'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
    'witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO',
    'witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv',
  ].map((text) => parseVerifierKey(text)!),
}

const root = Buffer.from('CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=', 'base64')
const checkpoint: Checkpoint = {
  origin: 'shop.example/custody',
  size: 20852163,
  root,
  streams: { count: 81, root: Buffer.alloc(32, 7) },
  others: [],
}
const text =
  'shop.example/custody\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n' +
  `streams 81 ${Buffer.alloc(32, 7).toString('base64')}\n`

const signer = {
  name: 'shop.example/custody',
  privateKey: generateKeyPairSync('ed25519').privateKey,
}
const log = { origin: 'shop.example/custody', keys: [verifierKey(signer)] }

describe('the text of a checkpoint', () => {
  it('is origin, size, root and the head of the streams', () => {
    expect(formatCheckpoint(checkpoint)).toBe(text)
    expect(parseCheckpoint(text)).toEqual(checkpoint)
  })

  it('may say nothing of streams, and keeps what it does not understand', () => {
    const plain = { ...checkpoint, streams: null }
    expect(parseCheckpoint(formatCheckpoint(plain))).toEqual(plain)
    const more = { ...checkpoint, others: ['time 1679315147', 'more lines'] }
    expect(parseCheckpoint(formatCheckpoint(more))).toEqual(more)
    expect(parseCheckpoint(formatCheckpoint({ ...more, streams: null }))?.others).toEqual(
      more.others,
    )
    const empty = { ...plain, size: 0 }
    expect(parseCheckpoint(formatCheckpoint(empty))).toEqual(empty)
  })

  it('is read from nothing that is not exactly one', () => {
    const malformed = [
      '',
      'shop.example/custody\n1\n',
      text.slice(0, -1),
      `${text}\n`,
      `\n${text}`,
      text.replace('20852163', '020852163'),
      text.replace('20852163', '+1'),
      text.replace('20852163', ''),
      text.replace('20852163', '9007199254740992'),
      text.replace('20852163', '99999999999999999999'),
      text.replace('q2I=', 'q2I'),
      text.replace('q2I=', 'q2J='),
      text.replace('CsUYapGGPo4dkMgIAUqom', 'CsUYapGGPo4dkMgIA'),
      text.replace('streams 81', 'streams 081'),
      text.replace('streams 81', 'streams  81'),
      text.replace('streams 81', 'streams'),
      text.replace('BwcHBwc=', 'BwcHBw=='),
      `${text}${text.split('\n')[3]}\n`,
      text.replace('streams 81', 'others\nstreams 81'),
    ]
    for (const other of malformed) {
      expect(other).not.toBe(text)
      expect(parseCheckpoint(other), other).toBeNull()
    }
  })

  it('is not made of fields that would read as others', () => {
    const others = [
      { ...checkpoint, origin: '' },
      { ...checkpoint, origin: 'two\nlines' },
      { ...checkpoint, size: -1 },
      { ...checkpoint, size: 2 ** 53 },
      { ...checkpoint, root: Buffer.alloc(31) },
      { ...checkpoint, streams: { count: 0.5, root } },
      { ...checkpoint, streams: { count: 1, root: Buffer.alloc(33) } },
      { ...checkpoint, others: [''] },
      { ...checkpoint, others: ['a\nb'] },
      { ...checkpoint, streams: null, others: [`streams 1 ${root.toString('base64')}`] },
    ]
    for (const other of others) expect(() => formatCheckpoint(other)).toThrow(RangeError)
  })
})

describe('a signed checkpoint', () => {
  it('of a public log is verified by its key', () => {
    const verified = verifyCheckpoint(real.note, { origin: real.origin, keys: [real.key] })
    expect(verified).toMatchObject({
      ok: true,
      value: { checkpoint: { size: 1432088532, streams: null }, signers: [real.key] },
    })
  })

  it('of ours is verified by our key', () => {
    const note = signCheckpoint(checkpoint, signer)
    expect(verifyCheckpoint(note, log)).toEqual({
      ok: true,
      value: { checkpoint, signers: log.keys },
    })
    expect(verifyCheckpoint(Buffer.from(note), log).ok).toBe(true)
  })

  it('of another log, another key or another text says which it is', () => {
    const note = signCheckpoint(checkpoint, signer)
    const codeOf = (bytes: string, of = log) => {
      const outcome = verifyCheckpoint(bytes, of)
      return outcome.ok ? null : outcome.problem.code
    }
    expect(codeOf(note, { ...log, origin: 'other.example' })).toBe('wrong-origin')
    expect(codeOf(note, { ...log, keys: [real.key] })).toBe('unknown-signer')
    expect(codeOf(note.replace('20852163', '20852164'))).toBe('bad-signature')
    expect(codeOf(note.slice(1))).toBe('bad-signature')
    expect(codeOf(note.trimEnd())).toBe('malformed-note')
    expect(codeOf(note)).toBeNull()
  })

  it('with any bit of any byte changed is refused', () => {
    const bytes = Buffer.from(signCheckpoint(checkpoint, signer))
    const accepted = Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      return verifyCheckpoint(changed, log).ok
    })
    expect(accepted).toEqual([])
  })
})

describe('the cosignature of a witness', () => {
  const witness = {
    name: 'witness.example/w1',
    privateKey: generateKeyPairSync('ed25519').privateKey,
  }
  const witnessKey = verifierKey(witness, 'cosignature/v1')
  const note = parseNote(signCheckpoint(checkpoint, signer))!
  const cosigned = (seconds: number, of: Note = note): Note => ({
    ...of,
    signatures: [...of.signatures, cosign(of.text, witness, seconds)],
  })

  it('of public witnesses is verified, with its time', () => {
    const verified = verifyCosignatures(parseNote(real.note)!, real.witnesses)
    const times = verified.ok
      ? verified.value.map(({ witness: { name }, seconds }) => [name, seconds])
      : []
    expect(times.toSorted()).toEqual([
      ['remora.n621.de', 0x6a122120],
      ['witness.stagemole.eu', 0x6a122120],
      ['witness1.smartit.nu/witness1', 0x6a122120],
    ])
    const other = parseNote(real.note.replace('1432088532', '42'))!
    expect(verifyCosignatures(other, real.witnesses)).toMatchObject({
      problem: { code: 'bad-signature' },
    })
  })

  it('of ours is verified after the note was written and read', () => {
    const read = parseNote(formatNote(cosigned(1679315147)))!
    expect(verifyCosignatures(read, [witnessKey])).toEqual({
      ok: true,
      value: [{ witness: witnessKey, seconds: 1679315147 }],
    })
    expect(verifyCheckpoint(formatNote(read), log).ok).toBe(true)
  })

  it('counts once for each witness, by its latest time', () => {
    const twice = cosigned(20, cosigned(30, cosigned(10)))
    expect(verifyCosignatures(twice, [witnessKey])).toEqual({
      ok: true,
      value: [{ witness: witnessKey, seconds: 30 }],
    })
  })

  it('by a witness that nobody pinned is none', () => {
    expect(verifyCosignatures(cosigned(10), real.witnesses)).toEqual({ ok: true, value: [] })
    const notCosigning = verifierKey(witness)
    expect(verifyCosignatures(cosigned(10), [notCosigning])).toEqual({ ok: true, value: [] })
    expect(verifyCheckpoint(formatNote(cosigned(10)), { ...log, keys: [witnessKey] }).ok).toBe(
      false,
    )
  })

  it('with any bit changed, the time included, makes the note refused', () => {
    const { name, keyId, signature } = cosign(note.text, witness, 1679315147)
    const accepted = Array.from({ length: signature.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(signature)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      return verifyCosignatures({ ...note, signatures: [{ name, keyId, signature: changed }] }, [
        witnessKey,
      ]).ok
    })
    expect(accepted).toEqual([])
    const short = { name, keyId, signature: signature.subarray(0, 7) }
    const refused = verifyCosignatures({ ...note, signatures: [short] }, [witnessKey])
    expect(refused).toMatchObject({ problem: { code: 'bad-signature' } })
  })

  it('covers the extension lines', () => {
    const signature = cosign(note.text, witness, 10)
    const other = { text: note.text.replace('streams 81', 'streams 82'), signatures: [signature] }
    expect(verifyCosignatures(other, [witnessKey]).ok).toBe(false)
  })

  it('is given at a whole number of seconds only', () => {
    for (const seconds of [-1, 0.5, 2 ** 53, Number.NaN]) {
      expect(() => cosign(note.text, witness, seconds)).toThrow(RangeError)
    }
  })
})
