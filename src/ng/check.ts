import { NgpilotError } from '../errors.ts'

/** The longest message read or sent, in bytes: the payload of one UDP datagram over IPv4 (RFC 768). */
export const maxMessageBytes = 65_507
/** How deep lists and dictionaries may lie in one another; rtpengine's deepest reply (`query`) needs 8. */
export const maxDepth = 32

const colon = 0x3a
const minus = 0x2d
const zero = 0x30
const integerStart = 0x69
const listStart = 0x6c
const dictionaryStart = 0x64
const end = 0x65

// Names that every object has by its prototype: as own keys they would shadow it, or, with __proto__, replace it.
const forbiddenKeys = new Set(['__proto__', 'constructor', 'prototype'])
// The package turns a key with U+FFFD in it into hex and takes a byte order mark off: neither may reach it.
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Where an entry of a dictionary lies: the key as a bencoded string from `keyAt`, the value from `valueAt` to `end`. */
export type VisitEntry = (keyAt: number, valueAt: number, end: number) => void

/**
 * Walks over a bencoded dictionary without building anything, so that the `bencode` package (which takes truncated
 * strings, floats and `__proto__` for good, and recurses as deep as the message says) only sees sound ones.
 *
 * @param visit is shown each entry of the dictionary itself, not of those within, once that is known to be sound.
 * @returns the position after the dictionary's closing `e`.
 * @throws NgpilotError `ng_malformed` with what is wrong and at which byte of `bytes`.
 */
export function checkDictionary (bytes: Buffer, at: number, visit?: VisitEntry): number {
  if (at >= bytes.length) throw malformed('the message ends where its dictionary should begin', at)
  if (bytes[at] !== dictionaryStart) throw malformed('the message is not a bencoded dictionary', at)
  return endOfDictionary(bytes, at, 1, visit)
}

export function isForbiddenKey (key: string): boolean {
  return forbiddenKeys.has(key)
}

/** The `bencode` package turns a key with one of these into something else, and so does UTF-8 with half a surrogate pair. */
export function isReadableKey (key: string): boolean {
  return !/[\uFEFF\uFFFD]|\p{Surrogate}/u.test(key)
}

export function malformed (what: string, at: number): NgpilotError {
  return new NgpilotError('ng_malformed', `${what} (byte ${at})`)
}

function endOfValue (bytes: Buffer, at: number, depth: number): number {
  switch (bytes[at]) {
    case dictionaryStart: return endOfDictionary(bytes, at, depth)
    case listStart: return endOfList(bytes, at, depth)
    case integerStart: return endOfInteger(bytes, at)
    default: return endOfString(bytes, at)
  }
}

function endOfDictionary (bytes: Buffer, start: number, depth: number, visit?: VisitEntry): number {
  if (depth > maxDepth) throw malformed(`lists and dictionaries lie more than ${maxDepth} deep`, start)
  let at = start + 1
  while (bytes[at] !== end) {
    const keyStart = at
    at = endOfString(bytes, at)
    checkKey(bytes, keyStart, at)
    const valueStart = at
    at = endOfValue(bytes, at, depth + 1)
    visit?.(keyStart, valueStart, at)
  }
  return at + 1
}

function endOfList (bytes: Buffer, start: number, depth: number): number {
  if (depth > maxDepth) throw malformed(`lists and dictionaries lie more than ${maxDepth} deep`, start)
  let at = start + 1
  while (bytes[at] !== end) at = endOfValue(bytes, at, depth + 1)
  return at + 1
}

function endOfInteger (bytes: Buffer, start: number): number {
  const isNegative = bytes[start + 1] === minus
  const firstDigit = isNegative ? start + 2 : start + 1
  const afterDigits = endOfDigits(bytes, firstDigit, 'an integer')
  if (isNegative && bytes[firstDigit] === zero) throw malformed('an integer is minus zero', start)
  if (afterDigits - firstDigit > 15 && !Number.isSafeInteger(Number(bytes.toString('latin1', firstDigit, afterDigits)))) {
    throw malformed('an integer is past the safe range', start)
  }
  if (bytes[afterDigits] !== end) throw unexpected(bytes, afterDigits, 'an integer')
  return afterDigits + 1
}

function endOfString (bytes: Buffer, start: number): number {
  const afterDigits = endOfDigits(bytes, start, 'the length of a string')
  if (bytes[afterDigits] !== colon) throw unexpected(bytes, afterDigits, 'the length of a string')
  let length = 0
  for (let at = start; at < afterDigits; at++) length = length * 10 + digitAt(bytes, at)
  const after = afterDigits + 1 + length
  if (after > bytes.length) throw malformed('a string runs past the end of the message', start)
  return after
}

/** The position after a run of one or more digits that has no leading zero. */
function endOfDigits (bytes: Buffer, start: number, where: string): number {
  let at = start
  while (digitAt(bytes, at) >= 0) at++
  if (at === start) throw unexpected(bytes, at, where)
  if (bytes[start] === zero && at > start + 1) throw malformed(`${where} has a leading zero`, start)
  return at
}

/** The digit's value, -1 where there is none. */
function digitAt (bytes: Buffer, at: number): number {
  const digit = (bytes[at] ?? 0) - zero
  return digit <= 9 ? digit : -1
}

function checkKey (bytes: Buffer, start: number, after: number): void {
  let first = start + 1
  while (bytes[first] !== colon) first++
  first++
  let isAscii = true
  for (let at = first; at < after && isAscii; at++) isAscii = (bytes[at] ?? 0) < 0x80
  if (!isAscii) checkUtf8Key(bytes.subarray(first, after), first)
  if (isForbidden(bytes, first, after)) {
    throw malformed(`a dictionary has the forbidden key ${bytes.toString('latin1', first, after)}`, first)
  }
}

function isForbidden (bytes: Buffer, first: number, after: number): boolean {
  const length = after - first
  return (length === 9 || length === 11) && isForbiddenKey(bytes.toString('latin1', first, after))
}

function checkUtf8Key (key: Buffer, at: number): void {
  let text
  try {
    text = utf8.decode(key)
  } catch {
    throw malformed('a dictionary has a key that is not UTF-8', at)
  }
  if (!isReadableKey(text)) {
    throw malformed('a dictionary has a key with a byte order mark or a replacement character in it', at)
  }
}

function unexpected (bytes: Buffer, at: number, where: string): NgpilotError {
  const byte = bytes[at]
  if (byte === undefined) return malformed(`the message ends within ${where}`, at)
  const shown = byte > 0x20 && byte < 0x7f ? `"${String.fromCharCode(byte)}"` : `0x${byte.toString(16).padStart(2, '0')}`
  return malformed(`${shown} in ${where}`, at)
}
