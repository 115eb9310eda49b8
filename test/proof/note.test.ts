import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import {
  formatNote,
  formatVerifierKey,
  parseNote,
  parseVerifierKey,
  signNote,
  verifierKey,
  verifyNote,
  type Note,
  type VerifierKey,
} from '../../src/proof/note.ts'

/** The keys and the note that the documentation of Go's sumdb/note publishes. */
const published = {
  seed: 'AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz',
  key: 'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
  text:
    'If you think cryptography is the answer to your problem,\n' +
    "then you don't know what your problem is.\n",
  line: '— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n',
}
const publishedNote = `${published.text}\n${published.line}`

/** Keys that other implementations have written. */
const otherKeys = [
  published.key,
  'EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop',
  'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  'TEST+7997405c+AQcC+FTVKf0jlTdHDY3rbevmnKxxPjigCXlVtGe6RIr6',
  'remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2',
]

const keyOf = (text: string): VerifierKey => parseVerifierKey(text)!
const noteOf = (text: string): Note => parseNote(text)!

describe('a verifier key', () => {
  it('of other implementations is read, and written as it was', () => {
    for (const text of otherKeys) expect(formatVerifierKey(keyOf(text)), text).toBe(text)
  })

  it('says its name, its way of signing and its id', () => {
    expect(keyOf(otherKeys[4]!)).toMatchObject({
      name: 'remora.n621.de',
      type: 'cosignature/v1',
      keyId: 'da77ade7',
    })
    expect(keyOf(published.key).type).toBe('ed25519')
  })

  it('is read from no part of itself, and with no character changed', () => {
    const text = published.key
    for (let start = 0; start <= text.length; start += 1) {
      for (let end = start + 1; end <= text.length; end += 1) {
        if (end - start === text.length) continue
        expect(parseVerifierKey(text.slice(start, end))).toBeNull()
      }
    }
    for (let at = 0; at < text.length; at += 1) {
      const next = String.fromCharCode(text.charCodeAt(at) + 1)
      const changed = text.slice(0, at) + next + text.slice(at + 1)
      expect(parseVerifierKey(changed), changed).toBeNull()
    }
  })

  it('of another type, a wrong length or with a space in its name is none', () => {
    const others = [
      '',
      '++',
      'PeterNeumann+C74F20A3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      'PeterNeumann+c74f20a3+AhpC2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      'PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWAA==',
      'Peter Neumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW',
      `${published.key}\n`,
    ]
    for (const other of others) expect(parseVerifierKey(other), other).toBeNull()
  })

  it('is made from an Ed25519 private key and a name, and from nothing else', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const key = verifierKey({ name: 'shop.example/log', privateKey })
    expect(parseVerifierKey(formatVerifierKey(key))).toEqual(key)
    for (const name of ['', 'two words', 'a+b', 'a\u2003b', 'a\u0000b', '\ud800']) {
      expect(() => verifierKey({ name, privateKey }), name).toThrow(RangeError)
    }
    const other = generateKeyPairSync('x25519').privateKey
    expect(() => verifierKey({ name: 'shop.example', privateKey: other })).toThrow(TypeError)
  })
})

describe('a signed note', () => {
  it('is signed as the published one, byte for byte', () => {
    const seed = Buffer.from(published.seed, 'base64').subarray(1)
    const prefix = Buffer.from('302e020100300506032b657004220420', 'hex')
    const der = Buffer.concat([prefix, seed])
    const privateKey = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' })
    const signer = { name: 'PeterNeumann', privateKey }
    expect(formatVerifierKey(verifierKey(signer))).toBe(published.key)
    expect(signNote(published.text, signer)).toBe(publishedNote)
  })

  it('is verified by a pinned key, and written as it was read', () => {
    const key = keyOf(published.key)
    expect(noteOf(publishedNote).text).toBe(published.text)
    expect(verifyNote(noteOf(publishedNote), [key])).toEqual({ ok: true, value: [key] })
    expect(formatNote(noteOf(publishedNote))).toBe(publishedNote)
    expect(parseNote(Buffer.from(publishedNote))).toEqual(parseNote(publishedNote))
  })

  it('with any bit of any byte changed is refused', () => {
    const key = keyOf(published.key)
    const bytes = Buffer.from(publishedNote)
    const accepted = Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(bytes)
      changed[bit >> 3]! ^= 1 << (bit & 7)
      const note = parseNote(changed)
      return note !== null && verifyNote(note, [key]).ok
    })
    expect(accepted).toEqual([])
  })

  it('passes over signatures by keys that nobody has pinned', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const other = noteOf(signNote(published.text, { name: 'PeterNeumann', privateKey }))
    const both = {
      ...other,
      signatures: [...other.signatures, ...noteOf(publishedNote).signatures],
    }
    const key = keyOf(published.key)
    expect(verifyNote(both, [key])).toEqual({ ok: true, value: [key] })
    expect(verifyNote(other, [key])).toMatchObject({ problem: { code: 'unknown-signer' } })
    expect(verifyNote(both, [])).toMatchObject({ problem: { code: 'unknown-signer' } })
  })

  it('is refused whole when a pinned key did not make a signature in its name', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const mine = { name: 'shop.example', privateKey }
    const keys = [keyOf(published.key), verifierKey(mine)]
    const signed = noteOf(signNote(published.text, mine))
    const forged = { ...noteOf(publishedNote).signatures[0]!, signature: Buffer.alloc(64) }
    const short = { ...forged, signature: Buffer.alloc(3) }
    for (const wrong of [forged, short]) {
      const note = { ...signed, signatures: [...signed.signatures, wrong] }
      expect(verifyNote(note, keys)).toMatchObject({ problem: { code: 'bad-signature' } })
    }
  })

  it('is refused, and nothing is thrown, when a pinned key is no point of the curve', () => {
    const key = keyOf(published.key)
    for (const byte of [0x00, 0x02, 0xff]) {
      const none = { ...key, publicKey: Buffer.alloc(32, byte) }
      const verified = verifyNote(noteOf(publishedNote), [none])
      expect(verified).toMatchObject({ problem: { code: 'bad-signature' } })
    }
  })

  it('is not verified by a key that only cosigns', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const signer = { name: 'shop.example', privateKey }
    const note = noteOf(signNote('text\n', signer))
    const cosigner = verifierKey(signer, 'cosignature/v1')
    expect(verifyNote(note, [cosigner])).toMatchObject({ problem: { code: 'unknown-signer' } })
  })

  it('may have empty lines in its text: the last one divides', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const signer = { name: 'quasimodo.example/salvatore', privateKey }
    const text = 'Ognuno sta solo sul cuor della terra\ntrafitto:\n\ned è subito sera.\n'
    const note = noteOf(signNote(text, signer))
    expect(note.text).toBe(text)
    expect(verifyNote(note, [verifierKey(signer)]).ok).toBe(true)
  })

  it('is read from nothing that is not exactly the format', () => {
    const { text, line } = published
    const malformed = [
      '',
      '\n',
      '\n\n',
      text,
      `${text}\n`,
      `${text}${line}`,
      `${text}\n${line.trimEnd()}`,
      `${text}\n${line}\n`,
      `${text}\n${line}more\n`,
      `${text}\n\n${line.replace('— ', '- ')}`,
      `${text}\n${line.replace('— ', '—')}`,
      `${text}\n${line.replace('— ', '—  ')}`,
      `${text}\n${line.replace('PeterNeumann', 'Peter Neumann')}`,
      `${text}\n${line.replace('PeterNeumann', 'Peter+Neumann')}`,
      `${text}\n${line.replace('PeterNeumann', 'Peter\u00a0Neumann')}`,
      `${text}\n${line.replace('PeterNeumann ', '')}`,
      `${text}\n${line.replace('nAM=', 'nAM')}`,
      `${text}\n${line.replace('nAM=', 'nAN=')}`,
      `${text}\n${line.replace('nAM=', 'nAM=\t')}`,
      `${text}\n— PeterNeumann x08gow==\n`,
      `\u0000${text}\n${line}`,
      `${text.replace('\n', '\r\n')}\n${line}`,
      `${text.replace(' ', '\t')}\n${line}`,
      `\ud800${text}\n${line}`,
      `${text}\n${line.repeat(101)}`,
      `${'a'.repeat(1_000_000)}\n\n${line}`,
    ]
    for (const note of malformed) expect(parseNote(note), note.slice(0, 200)).toBeNull()
    expect(parseNote(Buffer.from(publishedNote.replace('—', 'ÿ'), 'latin1'))).toBeNull()
    expect(parseNote(`${text}\n${line.repeat(16)}`)?.signatures).toHaveLength(16)
  })

  it('is not made of a text that would read as another', () => {
    const { privateKey } = generateKeyPairSync('ed25519')
    const signer = { name: 'shop.example', privateKey }
    for (const text of ['', 'no newline', 'tab\t\n', '\ud800\n']) {
      expect(() => signNote(text, signer), JSON.stringify(text)).toThrow(RangeError)
    }
  })
})
