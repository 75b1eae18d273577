import bencode from 'bencode'
import { NgpilotError } from '../errors.ts'
import { checkDictionary, malformed, maxDepth, maxMessageBytes } from './check.ts'
import { readJson } from './json.ts'
import type { NgDictionary, NgValue } from './types.ts'

const maxCookieBytes = 255
const space = 0x20
const colon = 0x3a
const integerStart = 0x69
const listStart = 0x6c
const dictionaryStart = 0x64
const brace = 0x7b
// Keys whose value is bytes by its nature: SDP (any charset, RFC 8866 §4.5), the audio of `play media`.
const byteKeys = new Set(['sdp', 'blob'])
const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/**
 * One NG message as it goes over the wire: the cookie, a space, the dictionary. Strings are written as UTF-8, Buffers
 * as they are; keys keep their order (rtpengine wants none).
 *
 * @param cookie one character a byte (latin1), without a space.
 * @throws NgpilotError `bad_request` for what bencode cannot hold: fractions, integers past the safe range,
 *   booleans, null, anything more than 32 deep.
 * @see https://rtpengine.readthedocs.io/en/latest/ng_control_protocol.html
 */
export function encode (cookie: string, message: NgDictionary): Buffer {
  return Buffer.from(`${cookie} ${wireOf(message, '', 1)}`, 'latin1')
}

/** A body under a cookie, byte for byte. */
export function encodeRaw (cookie: string, body: Buffer): Buffer {
  const message = Buffer.allocUnsafe(cookie.length + 1 + body.length)
  message.write(cookie, 'latin1')
  message[cookie.length] = space
  body.copy(message, cookie.length + 1)
  return message
}

/**
 * Takes a message apart: the cookie, and the body byte for byte.
 * @throws NgpilotError `ng_malformed` without a cookie, or when it is too long.
 */
export function split (bytes: Buffer, maxBytes = maxMessageBytes): { cookie: string, body: Buffer } {
  if (bytes.length > maxBytes) {
    throw malformed(`the message has ${bytes.length} bytes, ${maxBytes} are allowed`, maxBytes)
  }
  // The first space only: SDP holds spaces too.
  const afterCookie = bytes.indexOf(space)
  if (afterCookie <= 0) throw malformed('no cookie and space at the start of the message', 0)
  if (afterCookie > maxCookieBytes) throw malformed(`the cookie is longer than ${maxCookieBytes} bytes`, maxCookieBytes)
  return { cookie: bytes.toString('latin1', 0, afterCookie), body: bytes.subarray(afterCookie + 1) }
}

/** The first byte tells, in rtpengine too. */
export function isJson (body: Buffer): boolean {
  return body[0] === brace
}

/**
 * Reads one NG message, command or reply, in bencode or JSON. `sdp` at the top level and `blob` anywhere come back as
 * Buffers of their own, every other string as UTF-8 with U+FFFD for bytes that are not. Of a key that comes twice the later
 * wins; what follows the dictionary's closing `e` is ignored; rtpengine does both too.
 *
 * Lists and dictionaries are checked now and built when they are first looked at: a delete is answered with 2.5 KB of
 * counters that nobody reads. To check them takes 9 µs, to build them 80 more.
 *
 * @throws NgpilotError `ng_malformed` with what is wrong and at which byte.
 */
export function decode (bytes: Buffer, maxBytes = maxMessageBytes): { cookie: string, message: NgDictionary } {
  const { cookie, body } = split(bytes, maxBytes)
  return { cookie, message: readBody(bytes, bytes.length - body.length) }
}

/** Reads the body of a message, which begins at byte `at`. @throws NgpilotError `ng_malformed`, as `decode`. */
export function readBody (bytes: Buffer, at: number): NgDictionary {
  if (bytes[at] === brace) return readJson(bytes.subarray(at), at)
  const message: NgDictionary = {}
  checkDictionary(bytes, at, (keyAt, valueAt, end) => {
    set(message, textOf(stringIn(bytes, keyAt, valueAt)), bytes, valueAt, end)
  })
  return message
}

function set (message: NgDictionary, key: string, bytes: Buffer, at: number, end: number): void {
  // An earlier value of that key may be one that is built later.
  if (Object.hasOwn(message, key)) delete message[key]
  const start = bytes[at]
  if (start === listStart || start === dictionaryStart) setLater(message, key, Buffer.from(bytes.subarray(at, end)))
  else if (start === integerStart) message[key] = Number(bytes.toString('latin1', at + 1, end - 1))
  else if (byteKeys.has(key)) message[key] = Buffer.from(stringIn(bytes, at, end))
  else message[key] = textOf(stringIn(bytes, at, end))
}

function setLater (message: NgDictionary, key: string, bytes: Buffer): void {
  const keep = (value: NgValue) => {
    Object.defineProperty(message, key, { value, enumerable: true, configurable: true, writable: true })
    return value
  }
  Object.defineProperty(message, key, {
    enumerable: true, configurable: true, get: () => keep(withText(bencode.decode(bytes) as DecodedValue)), set: keep,
  })
}

/** The bytes of a bencoded string. */
function stringIn (bytes: Buffer, at: number, end: number): Buffer {
  return bytes.subarray(bytes.indexOf(colon, at) + 1, end)
}

// `bencode` spends four typed arrays on each string, some 30 µs an offer. The words of the protocol are few and come
// again and again, so each goes through it once. One character a byte (latin1): joining is then cheap.
const words = new Map<string | number, string>()
const maxWords = 512
const maxWordLength = 64

function wordOf (value: string | number): string {
  const known = words.get(value)
  if (known !== undefined) return known
  const word = latin1(bencode.encode(value))
  // Emptied as a whole: call-ids and tags fill it, and the words proper are back within one message.
  if (words.size >= maxWords) words.clear()
  if (word.length <= maxWordLength) words.set(value, word)
  return word
}

function wireOf (value: unknown, path: string, depth: number): string {
  if (typeof value === 'string') return wordOf(value)
  if (typeof value === 'number' && Number.isSafeInteger(value)) return wordOf(value)
  if (Buffer.isBuffer(value)) return latin1(bencode.encode(value))
  if (typeof value !== 'object' || value === null) throw unsendable(path, `${String(value)} is not a string, integer, list or dictionary`)
  if (depth > maxDepth) throw unsendable(path, `more than ${maxDepth} levels deep`)
  let wire = ''
  if (Array.isArray(value)) {
    for (const item of value) wire += wireOf(item, path, depth + 1)
    return `l${wire}e`
  }
  const dictionary = value as Record<string, unknown>
  for (const key of Object.keys(dictionary)) wire += wordOf(key) + wireOf(dictionary[key], key, depth + 1)
  return `d${wire}e`
}

function unsendable (key: string, why: string): NgpilotError {
  return new NgpilotError('bad_request', `NG key "${key}" cannot be sent: ${why}`)
}

function latin1 (bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1')
}

/** What `bencode.decode` makes of a checked value: strings as Uint8Arrays of their own, which become text in place. */
type DecodedValue = Uint8Array | number | DecodedValue[] | { [key: string]: DecodedValue | NgValue }

function withText (value: DecodedValue | NgValue): NgValue {
  if (typeof value !== 'object') return value
  if (value instanceof Uint8Array) return textOf(value)
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) value[index] = withText(item)
    return value as NgValue[]
  }
  for (const key of Object.keys(value)) {
    const item = value[key] as DecodedValue
    // The audio of `moh`, a dictionary in an offer.
    value[key] = key === 'blob' && item instanceof Uint8Array ? Buffer.from(item) : withText(item)
  }
  return value as NgDictionary
}

/** A TextDecoder costs more to call than most strings of the protocol take to read. */
function textOf (bytes: Uint8Array): string {
  if (bytes.length > 32) return utf8.decode(bytes)
  let text = ''
  for (const byte of bytes) {
    if (byte > 0x7f) return utf8.decode(bytes)
    text += String.fromCharCode(byte)
  }
  return text
}
